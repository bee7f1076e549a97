using System;
using System.Runtime.InteropServices;

#if NET7_0_OR_GREATER
// Every signature below is blittable, so that DllImport makes no more of a call than LibraryImport would.
[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]
#endif

namespace SynaMmap
{
    /// <summary>The C functions, as include/syna_mmap.h declares them. A C bool is a byte, a handle an IntPtr.</summary>
    internal static unsafe partial class Native
    {
#if UNITY_IOS && !UNITY_EDITOR
        private const string Library = "__Internal";
#else
        private const string Library = "syna_mmap";
#endif

        internal const uint AbiVersion = 1;

        [StructLayout(LayoutKind.Sequential)]
        internal struct Error
        {
            internal UIntPtr StructSize;
            internal int Status;
            internal int OsErrno;
            internal fixed byte Message[256];
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Options
        {
            internal UIntPtr StructSize;
            internal uint Dimensions;
            internal uint Metric;
            internal ulong InitialCapacity;
            internal ulong IndexThreshold;
            internal uint CheckpointIntervalSecs;
            internal uint Flags;
            internal uint Durability;
            internal uint Threads;
            internal uint HnswM;
            internal uint HnswEfConstruction;
            internal uint HnswEfSearch;
            internal uint HnswMMax;
            internal ulong Seed;
            internal ulong MostUnindexedRows;
            internal uint IndexProfile;
            internal uint IndexWorker;
            internal uint FixedEf;
            internal uint KeyKind;
            internal uint Element;
            internal uint ApplicationId;
            internal uint UserVersion;
            internal uint Reserved;
            internal byte* Label;
            internal byte* ExpectedLabel;
            internal Column* Columns;
            internal UIntPtr ColumnCount;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Batch
        {
            internal UIntPtr StructSize;
            internal byte* Keys;
            internal ulong* KeyOffsets;
            internal void* Vectors;
            internal UIntPtr Count;
            internal ulong* Tags;
            internal byte* Payloads;
            internal ulong* PayloadOffsets;
            internal uint Mode;
            internal uint Reserved;
            internal byte* DeleteKeys;
            internal ulong* DeleteKeyOffsets;
            internal UIntPtr DeleteCount;
            internal UIntPtr* Deleted;
            internal uint VectorsElement;
            internal uint Reserved2;
            internal ColumnValues* Columns;
            internal UIntPtr ColumnCount;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct SearchOptions
        {
            internal UIntPtr StructSize;
            internal uint Ef;
            internal uint Exact;
            internal ulong DeadlineUs;
            internal ulong MaxVisits;
            internal ulong TagsAny;
            internal ulong TagsAll;
            internal ulong TagsNone;
            internal byte* KeyPrefix;
            internal UIntPtr KeyPrefixLength;
            internal ulong* RowBitmap;
            internal UIntPtr RowBitmapWords;
            internal IntPtr Filter;
            internal IntPtr FilterContext;
            internal uint Approximate;
            internal uint HasMaxDistance;
            internal float MaxDistance;
            internal float AfterDistance;
            internal ulong AfterRow;
            internal uint HasAfter;
            internal uint Reserved;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Hit
        {
            internal byte* Key;
            internal UIntPtr KeyLength;
            internal float Distance;
            internal uint Reserved;
            internal float* Vector;
            internal ulong Row;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Finding
        {
            internal byte* Key;
            internal UIntPtr KeyLength;
            internal ulong Row;
            internal uint Problem;
            internal uint Reserved;
            internal byte* Message;
        }

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint syna_mmap_abi_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte* syna_mmap_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte* syna_mmap_status_name(int status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void syna_mmap_options_init(Options* options, UIntPtr structSize);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_open(byte* path, Options* options, IntPtr* store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_close(IntPtr store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_checkpoint(IntPtr store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_flush(IntPtr store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_is_dirty(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong syna_mmap_last_durable_seq(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_reserve(IntPtr store, ulong count, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_insert(
            IntPtr store, byte* key, UIntPtr keyLength, float* vector, byte* inserted, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_upsert(
            IntPtr store, byte* key, UIntPtr keyLength, float* vector, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_write(IntPtr store, Batch* batch, UIntPtr* written, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_delete(
            IntPtr store, byte* key, UIntPtr keyLength, byte* deleted, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get(
            IntPtr store, byte* key, UIntPtr keyLength, float* vector, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_tags(
            IntPtr store, byte* key, UIntPtr keyLength, ulong* tags, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_get_payload(
            IntPtr store, byte* key, UIntPtr keyLength, byte* payload, UIntPtr capacity, UIntPtr* length, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_contains(IntPtr store, byte* key, UIntPtr keyLength);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong syna_mmap_len(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint syna_mmap_dimensions(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint syna_mmap_metric(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_results_new(IntPtr* results, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void syna_mmap_results_free(IntPtr results);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Hit* syna_mmap_results_hits(IntPtr results, UIntPtr* count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_results_is_partial(IntPtr results);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern ulong syna_mmap_results_tags(IntPtr results, UIntPtr index);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte* syna_mmap_results_payload(IntPtr results, UIntPtr index, UIntPtr* length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void syna_mmap_search_options_init(SearchOptions* options, UIntPtr structSize);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_search(
            IntPtr store, float* query, UIntPtr k, SearchOptions* options, IntPtr results, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_build_index(IntPtr store, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte syna_mmap_has_index(IntPtr store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_verify(
            IntPtr store, IntPtr callback, IntPtr context, ulong* findings, Error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int syna_mmap_salvage(byte* from, byte* to, ulong* rows, ulong* lost, Error* error);
    }
}
