using System;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>The C functions that delete and update many rows, and those of the user block.</summary>
    internal static unsafe partial class Native
    {
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_delete_batch(
            IntPtr store, byte* keys, ulong* keyOffsets, UIntPtr count, UIntPtr* deleted, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_delete_where(
            IntPtr store, SearchOptions* options, UIntPtr* deleted, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_update(IntPtr store, Batch* batch, UIntPtr* updated, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_set_tags(
            IntPtr store, byte* key, UIntPtr keyLength, ulong tags, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_set_payload(
            IntPtr store, byte* key, UIntPtr keyLength, byte* payload, UIntPtr payloadLength, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_user_block(IntPtr store, UserBlock* block, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_set_user_block(IntPtr store, UserBlock* block, Error* error);

        [StructLayout(LayoutKind.Sequential)]
        internal struct UserBlock
        {
            internal UIntPtr StructSize;
            internal uint ApplicationId;
            internal uint UserVersion;
            internal fixed byte Label[72];
        }
    }
}
