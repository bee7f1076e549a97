using System;
using Microsoft.Win32.SafeHandles;

namespace SynaMmap
{
    /// <summary>
    /// A store's handle, which is a number. Functions get it by Value and not as a SafeHandle: the library itself tells
    /// one that was closed, so nothing has to be counted, and the signatures stay blittable.
    /// </summary>
    internal sealed class StoreHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal StoreHandle(IntPtr value)
            : base(true)
        {
            SetHandle(value);
        }

        internal IntPtr Value => handle;

        protected override unsafe bool ReleaseHandle()
        {
            return Native.syna_mmap_close(handle, null) == (int)Status.Ok;
        }
    }

    /// <summary>The handle of results, as StoreHandle.</summary>
    internal sealed class ResultsHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal ResultsHandle(IntPtr value)
            : base(true)
        {
            SetHandle(value);
        }

        internal IntPtr Value => handle;

        protected override bool ReleaseHandle()
        {
            Native.syna_mmap_results_free(handle);
            return true;
        }
    }

    /// <summary>The handle of a cursor, as StoreHandle.</summary>
    internal sealed class CursorHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal CursorHandle(IntPtr value)
            : base(true)
        {
            SetHandle(value);
        }

        internal IntPtr Value => handle;

        protected override bool ReleaseHandle()
        {
            Native.syna_mmap_cursor_free(handle);
            return true;
        }
    }
}
