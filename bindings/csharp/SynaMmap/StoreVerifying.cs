using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>What is wrong with a row, or with the store. A number that is not here comes from a later library: damage.</summary>
    public enum Problem : uint
    {
        DamagedVector = 1,
        Hidden = 2,
        Unreachable = 3,
        DamagedLinks = 4,
        Orphan = 5,
        IgnoredIndex = 6,
    }

    /// <summary>
    /// A problem that Verify found. For IgnoredIndex, a problem of the store, Key is empty and Row is ulong.MaxValue.
    /// </summary>
    public sealed class Finding
    {
        internal unsafe Finding(Native.Finding* raw)
        {
            KeyBytes = new ReadOnlySpan<byte>(raw->Key, (int)raw->KeyLength).ToArray();
            Row = raw->Row;
            Problem = (Problem)raw->Problem;
            Message = Utf8.Text(raw->Message);
        }

        public string Key => System.Text.Encoding.UTF8.GetString(KeyBytes);

        /// <summary>The key's bytes: UTF-8, or any bytes in a store whose keys are bytes.</summary>
        public byte[] KeyBytes { get; }

        public ulong Row { get; }

        public Problem Problem { get; }

        /// <summary>The problem as a sentence; for IgnoredIndex with the reason.</summary>
        public string Message { get; }
    }

    /// <summary>What Salvage brought over, and what it knows to be lost.</summary>
    public struct Salvaged
    {
        public ulong Rows { get; internal set; }

        public ulong Lost { get; internal set; }
    }

    public sealed unsafe partial class Store
    {
        // Kept, since the library has no more than its address.
        private static readonly VerifyCallback Relay = Tell;
        private static readonly IntPtr RelayAddress = Marshal.GetFunctionPointerForDelegate(Relay);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate byte VerifyCallback(IntPtr context, Native.Finding* finding, ulong done, ulong total);

        /// <summary>
        /// Proves that the store is whole; returns how many findings there are. `tell` is called with each finding, and
        /// with null to tell of progress (done, total), and returns false to stop, which is Cancelled. What it throws
        /// comes out of here.
        /// </summary>
        public ulong Verify(Func<Finding, ulong, ulong, bool> tell = null)
        {
            Listener listener = new Listener { Tell = tell };
            GCHandle context = GCHandle.Alloc(listener);
            try
            {
                ulong findings;
                Native.Error error = NewError();
                int status = Native.syna_mmap_verify(
                    handle.Value, RelayAddress, GCHandle.ToIntPtr(context), &findings, &error);
                listener.Thrown?.Throw();
                Check(status, &error);
                return findings;
            }
            finally
            {
                context.Free();
            }
        }

        /// <summary>Writes whatever is whole in a damaged file into a new one.</summary>
        public static Salvaged Salvage(string from, string to)
        {
            ulong rows, lost;
            Native.Error error = NewError();
            fixed (byte* source = Utf8.Path(from), target = Utf8.Path(to))
            {
                SynaMmapException.Check(Native.syna_mmap_salvage(source, target, &rows, &lost, &error), &error);
            }

            return new Salvaged { Rows = rows, Lost = lost };
        }

        // Nothing may be thrown into C.
        [MonoPInvokeCallback(typeof(VerifyCallback))]
        private static byte Tell(IntPtr context, Native.Finding* finding, ulong done, ulong total)
        {
            Listener listener = (Listener)GCHandle.FromIntPtr(context).Target;
            try
            {
                bool goOn = listener.Tell == null ||
                    listener.Tell(finding == null ? null : new Finding(finding), done, total);
                return goOn ? (byte)1 : (byte)0;
            }
            catch (Exception thrown)
            {
                listener.Thrown = ExceptionDispatchInfo.Capture(thrown);
                return 0;
            }
        }

        private sealed class Listener
        {
            internal Func<Finding, ulong, ulong, bool> Tell;
            internal ExceptionDispatchInfo Thrown;
        }
    }

    /// <summary>What ahead-of-time compilers (Unity's IL2CPP, Mono's) look for, by its name.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        public MonoPInvokeCallbackAttribute(Type type)
        {
            Type = type;
        }

        public Type Type { get; }
    }
}
