using System;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>The C functions on how a store keeps keys and vectors.</summary>
    internal static unsafe partial class Native
    {
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint syna_mmap_key_kind(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint syna_mmap_element(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern UIntPtr syna_mmap_vector_bytes(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_decode_vector(uint element, uint dimensions, byte* stored, float* vector);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_results_vector(IntPtr results, UIntPtr index, float* vector);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte* syna_mmap_results_stored(IntPtr results, UIntPtr index, UIntPtr* bytes);
    }
}
