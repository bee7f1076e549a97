using System;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>The C functions of columns. A syna_mmap_value is passed as its bits.</summary>
    internal static unsafe partial class Native
    {
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_columns(
            IntPtr store, Column* columns, UIntPtr capacity, UIntPtr* count, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_value(
            IntPtr store, byte* key, UIntPtr keyLength, uint column, ulong* value, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_results_column(IntPtr results, UIntPtr index, uint column, ulong* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong syna_mmap_hash64(byte* bytes, UIntPtr length);

        [StructLayout(LayoutKind.Sequential)]
        internal struct Column
        {
            internal fixed byte Name[36];
            internal uint Kind;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct ColumnValues
        {
            internal uint Column;
            internal uint Kind;
            internal void* Values;
        }
    }
}
