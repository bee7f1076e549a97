using System;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>The C functions beyond insert and search.</summary>
    internal static unsafe partial class Native
    {
        [StructLayout(LayoutKind.Sequential)]
        internal struct Row
        {
            internal byte* Key;
            internal UIntPtr KeyLength;
            internal float* Vector;
            internal byte* Stored;
            internal UIntPtr StoredBytes;
            internal byte* Payload;
            internal UIntPtr PayloadLength;
            internal ulong Tags;
            internal ulong Number;
            internal ulong* Values;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Stats
        {
            internal UIntPtr StructSize;
            internal ulong Rows;
            internal ulong LiveRows;
            internal ulong DeletedRows;
            internal ulong FileBytes;
            internal ulong VectorBytes;
            internal ulong LogBytes;
            internal ulong SlackBytes;
            internal ulong IndexBytes;
            internal ulong ReplacedBytes;
            internal ulong IndexedRows;
            internal ulong Generation;
            internal ulong LastSeq;
            internal ulong DurableSeq;
            internal uint HasIndex;
            internal uint DefaultEf;
            internal double IndexRecall;
            internal double SecsSinceCheckpoint;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct View
        {
            internal UIntPtr StructSize;
            internal byte* Key;
            internal UIntPtr KeyLength;
            internal byte* Vector;
            internal UIntPtr VectorBytes;
            internal byte* Payload;
            internal UIntPtr PayloadLength;
            internal ulong Tags;
            internal ulong Row;
            internal uint Element;
            internal uint Reserved;
        }

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_open_memory(
            byte* bytes, UIntPtr length, byte* index, UIntPtr indexLength, Options* options, IntPtr* store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_put(
            IntPtr store, byte* key, UIntPtr keyLength, float* vector, ulong tags, byte* payload, UIntPtr payloadLength,
            uint mode, byte* written, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_view(
            IntPtr store, byte* key, UIntPtr keyLength, View* view, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_row_of(
            IntPtr store, byte* key, UIntPtr keyLength, ulong* row, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_row(
            IntPtr store, ulong number, Row* row, byte* isLive, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_batch(
            IntPtr store, byte* keys, ulong* keyOffsets, UIntPtr count, float* vectors, byte* found, UIntPtr* existing,
            Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_count_where(
            IntPtr store, SearchOptions* options, ulong* count, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_rows_where(
            IntPtr store, SearchOptions* options, ulong firstRow, ulong* rows, UIntPtr capacity, UIntPtr* count,
            Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_distance(
            IntPtr store, float* a, float* b, float* distance, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_path(
            IntPtr store, byte* buffer, UIntPtr capacity, UIntPtr* length, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_options(IntPtr store, Options* options, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_set_ef_search(IntPtr store, uint ef, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_set_checkpoint_interval(IntPtr store, uint secs, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_open_in_memory(Options* options, IntPtr* store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_open_at(
            int file, ulong offset, ulong length, ulong indexOffset, ulong indexLength, Options* options, IntPtr* store,
            Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_refresh(IntPtr store, byte* changed, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_search_key(
            IntPtr store, byte* key, UIntPtr keyLength, UIntPtr k, SearchOptions* options, IntPtr results, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_search_range(
            IntPtr store, float* query, float maxDistance, SearchOptions* options, IntPtr results, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_search_batch(
            IntPtr store, float* queries, UIntPtr count, UIntPtr k, SearchOptions* options, IntPtr results, int* statuses,
            Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Hit* syna_mmap_results_query_hits(IntPtr results, UIntPtr query, UIntPtr* count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_results_query_is_partial(IntPtr results, UIntPtr query);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_cursor_new(IntPtr store, ulong firstRow, IntPtr* cursor, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_cursor_next(
            IntPtr cursor, Row* rows, UIntPtr capacity, UIntPtr* count, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void syna_mmap_cursor_free(IntPtr cursor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_stats(IntPtr store, Stats* stats, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_build_index_with(
            IntPtr store, IntPtr callback, IntPtr context, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_index_step(IntPtr store, ulong budgetUs, ulong* remaining, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_compact(IntPtr store, IntPtr callback, IntPtr context, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_compact_step(IntPtr store, ulong budgetUs, byte* done, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_interrupt(IntPtr store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_compact_cancel(IntPtr store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_snapshot_to(
            IntPtr store, byte* path, IntPtr callback, IntPtr context, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_check_recall(
            IntPtr store, UIntPtr samples, UIntPtr k, uint ef, ulong seed, double* recall, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_set_log(uint mostLevel, IntPtr callback, IntPtr context, Error* error);
    }
}
