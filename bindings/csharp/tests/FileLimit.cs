using System;
using System.IO;
using System.Runtime.InteropServices;

/// <summary>How long the process may make files.</summary>
internal static class FileLimit
{
    private const int LimitOfFiles = 1; // RLIMIT_FSIZE
    private const int FileTooLong = 25; // SIGXFSZ
    private static readonly IntPtr Ignore = new IntPtr(1); // SIG_IGN

    internal static void Set(ulong bytes)
    {
        ulong[] limit = new ulong[2]; // current, highest
        signal(FileTooLong, Ignore);
        if (getrlimit(LimitOfFiles, limit) != 0)
        {
            throw new IOException("getrlimit failed");
        }

        limit[0] = bytes == 0 ? limit[1] : bytes;
        if (setrlimit(LimitOfFiles, limit) != 0)
        {
            throw new IOException("setrlimit failed");
        }
    }

    [DllImport("libc")]
    private static extern IntPtr signal(int number, IntPtr handler);

    [DllImport("libc")]
    private static extern int getrlimit(int resource, [Out] ulong[] limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, ulong[] limit);
}
