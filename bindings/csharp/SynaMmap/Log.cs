using System;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>How much something in the log matters; lower numbers matter more.</summary>
    public enum LogLevel : uint
    {
        Error = 1,
        Warning = 2,
        Info = 3,
        Debug = 4,
    }

    /// <summary>What the library has to say besides its answers.</summary>
    public static unsafe class Log
    {
        // Kept, since the library has no more than its address.
        private static readonly Callback Relay = Tell;
        private static readonly IntPtr Address = Marshal.GetFunctionPointerForDelegate(Relay);
        private static volatile Action<LogLevel, string> listener;

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void Callback(IntPtr context, uint level, byte* text, UIntPtr length);

        /// <summary>
        /// Sets who hears what the library has to say, of all stores of the process, up to a level; null: nobody. It is
        /// called by any thread, several at once, and must not call this library.
        /// </summary>
        public static void SetListener(LogLevel most, Action<LogLevel, string> tell)
        {
            Native.Error error = Store.NewError();
            listener = tell;
            SynaMmapException.Check(
                Native.syna_mmap_set_log((uint)most, tell == null ? IntPtr.Zero : Address, IntPtr.Zero, &error), &error);
        }

        // Nothing may be thrown into C, and a listener's trouble is not the store's.
        [MonoPInvokeCallback(typeof(Callback))]
        private static void Tell(IntPtr context, uint level, byte* text, UIntPtr length)
        {
            try
            {
                listener?.Invoke((LogLevel)level, Utf8.Text(text, (int)length));
            }
            catch (Exception)
            {
            }
        }
    }
}
