using System;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    public sealed unsafe partial class Store
    {
        // What stands for a bitmap without elements, which no row passes.
        private static readonly ulong[] NoRows = new ulong[1];

        private delegate int Searching(Native.SearchOptions* options, Native.Error* error);

        /// <summary>Finds the nearest k, or all where there are fewer, into results that are used again.</summary>
        public void Search(ReadOnlySpan<float> query, long k, Results into, SearchOptions options = default(SearchOptions))
        {
            into.Forget();
            SynaMmapException.CheckLength(query.Length, 1, Dimensions);
            CheckCount(k);
            fixed (float* floats = query)
            {
                // The common case makes no delegate.
                if (options.Condition == null && options.RowBitmap == null && options.Utf8KeyPrefix == null)
                {
                    Native.SearchOptions raw = options.Raw();
                    Native.Error error = NewError();
                    Check(
                        Native.syna_mmap_search(handle.Value, floats, (UIntPtr)(ulong)k, &raw, into.Handle.Value, &error),
                        &error);
                }
                else
                {
                    float* address = floats;
                    Find(into, options, (raw, error) => Native.syna_mmap_search(
                        handle.Value, address, (UIntPtr)(ulong)k, raw, into.Handle.Value, error));
                }
            }

            into.LookUp(shape);
            GC.KeepAlive(into);
        }

        /// <summary>Finds the k nearest to the vector of a key, which is itself left out: more like this one.</summary>
        public void SearchKey(string key, long k, Results into, SearchOptions options = default(SearchOptions)) =>
            SearchKey(Utf8.Key(key), k, into, options);

        /// <summary>Finds the k nearest to the vector of a key, which is itself left out: more like this one.</summary>
        public void SearchKey(
            ReadOnlySpan<byte> utf8Key, long k, Results into, SearchOptions options = default(SearchOptions))
        {
            into.Forget();
            CheckCount(k);
            UIntPtr length = (UIntPtr)utf8Key.Length;
            fixed (byte* bytes = utf8Key)
            {
                byte* address = bytes;
                Find(into, options, (raw, error) => Native.syna_mmap_search_key(
                    handle.Value, address, length, (UIntPtr)(ulong)k, raw, into.Handle.Value, error));
            }

            into.LookUp(shape);
            GC.KeepAlive(into);
        }

        /// <summary>Finds all within a distance.</summary>
        public void SearchRange(
            ReadOnlySpan<float> query, float maxDistance, Results into, SearchOptions options = default(SearchOptions))
        {
            into.Forget();
            SynaMmapException.CheckLength(query.Length, 1, Dimensions);
            fixed (float* floats = query)
            {
                float* address = floats;
                Find(into, options, (raw, error) => Native.syna_mmap_search_range(
                    handle.Value, address, maxDistance, raw, into.Handle.Value, error));
            }

            into.LookUp(shape);
            GC.KeepAlive(into);
        }

        /// <summary>
        /// Finds the k nearest of each of so many queries, which lie one after the other; the store's threads share them.
        /// Returns the queries' statuses; Results.Query says where the hits of one are.
        /// </summary>
        public Status[] SearchBatch(
            ReadOnlySpan<float> queries, int count, long k, Results into, SearchOptions options = default(SearchOptions))
        {
            into.Forget();
            SynaMmapException.CheckLength(queries.Length, count, Dimensions);
            CheckCount(k);
            int[] statuses = new int[count];
            fixed (float* floats = queries)
            fixed (int* room = statuses)
            {
                float* address = floats;
                int* answers = room;
                Find(into, options, (raw, error) => Native.syna_mmap_search_batch(
                    handle.Value, address, (UIntPtr)count, (UIntPtr)(ulong)k, raw, into.Handle.Value, answers, error));
            }

            into.LookUp(shape);
            GC.KeepAlive(into);
            return Array.ConvertAll(statuses, status => (Status)status);
        }

        /// <summary>Begins a walk over all rows from that number on.</summary>
        public Cursor Rows(ulong firstRow = 0)
        {
            IntPtr made;
            Native.Error error = NewError();
            Check(Native.syna_mmap_cursor_new(handle.Value, firstRow, &made, &error), &error);
            return new Cursor(made, shape);
        }

        private static void CheckCount(long k)
        {
            if (k < 0)
            {
                throw new SynaMmapException(Status.InvalidArgument, $"k is {k}; ask for 0 or more");
            }
        }

        /// <summary>Searches with all that the options point to in its place.</summary>
        private void Find(Results into, SearchOptions options, Searching search)
        {
            Asked asked = options.Condition == null ? null : new Asked(options.Condition, shape);
            GCHandle context = asked == null ? default(GCHandle) : GCHandle.Alloc(asked);
            ulong[] bitmap = options.RowBitmap != null && options.RowBitmap.Length == 0 ? NoRows : options.RowBitmap;
            try
            {
                Native.SearchOptions raw = options.Raw();
                Native.Error error = NewError();
                fixed (byte* prefix = options.Utf8KeyPrefix)
                fixed (ulong* words = bitmap)
                {
                    raw.KeyPrefix = prefix;
                    raw.KeyPrefixLength = (UIntPtr)(options.Utf8KeyPrefix?.Length ?? 0);
                    raw.RowBitmap = words;
                    raw.RowBitmapWords = (UIntPtr)(options.RowBitmap?.Length ?? 0);
                    if (asked != null)
                    {
                        raw.Filter = Asked.Address;
                        raw.FilterContext = GCHandle.ToIntPtr(context);
                    }

                    int status = search(&raw, &error);
                    asked?.Rethrow();
                    Check(status, &error);
                }
            }
            finally
            {
                if (asked != null)
                {
                    context.Free();
                }
            }
        }
    }
}
