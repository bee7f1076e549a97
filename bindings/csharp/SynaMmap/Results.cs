using System;

namespace SynaMmap
{
    /// <summary>One answer of a search. What it points to is good until the next search into its results or their end.</summary>
    public readonly unsafe ref struct Hit
    {
        private readonly Results results;
        private readonly Native.Hit* raw;
        private readonly int index;

        internal Hit(Results results, Native.Hit* raw, int index)
        {
            this.results = results;
            this.raw = raw;
            this.index = index;
        }

        /// <summary>The key, as a new string.</summary>
        public string Key => Utf8.Text(raw->Key, (int)raw->KeyLength);

        /// <summary>The key's bytes: UTF-8, or any bytes in a store whose keys are bytes.</summary>
        public ReadOnlySpan<byte> Utf8Key => new ReadOnlySpan<byte>(raw->Key, (int)raw->KeyLength);

        /// <summary>The distance to the query; smaller is nearer, whatever the metric.</summary>
        public float Distance => raw->Distance;

        /// <summary>The row's number: rows count up from 0 as they are inserted.</summary>
        public ulong Row => raw->Row;

        /// <summary>
        /// The vector: in a store of Float32 as it is stored, in the mapped file; in others decoded, each time into a new
        /// array.
        /// </summary>
        public ReadOnlySpan<float> Vector
        {
            get
            {
                if (raw->Vector != null)
                {
                    return new ReadOnlySpan<float>(raw->Vector, results.Shape.Dimensions);
                }

                float[] decoded = new float[results.Shape.Dimensions];
                fixed (float* floats = decoded)
                {
                    byte isCopied = Native.syna_mmap_results_vector(results.Handle.Value, (UIntPtr)index, floats);
                    GC.KeepAlive(results);
                    return isCopied == 0 ? default(ReadOnlySpan<float>) : decoded;
                }
            }
        }

        /// <summary>The vector as it is stored, in the mapped file: see Rows.StoredVectors.</summary>
        public ReadOnlySpan<byte> Stored
        {
            get
            {
                UIntPtr length;
                byte* data = Native.syna_mmap_results_stored(results.Handle.Value, (UIntPtr)index, &length);
                GC.KeepAlive(results);
                return new ReadOnlySpan<byte>(data, (int)length);
            }
        }

        /// <summary>The number that was written with the row; 0 where none was.</summary>
        public ulong Tags => Native.syna_mmap_results_tags(results.Handle.Value, (UIntPtr)index);

        /// <summary>The value in a column; SynaMmapException where the store has no such column.</summary>
        public Value GetValue(string column)
        {
            ulong bits = 0;
            uint place = (uint)results.Shape.Place(column);
            Native.syna_mmap_results_column(results.Handle.Value, (UIntPtr)index, place, &bits);
            GC.KeepAlive(results);
            return new Value(bits);
        }

        /// <summary>The bytes that were written with the row; empty where none were.</summary>
        public ReadOnlySpan<byte> Payload
        {
            get
            {
                UIntPtr length;
                byte* data = Native.syna_mmap_results_payload(results.Handle.Value, (UIntPtr)index, &length);
                return new ReadOnlySpan<byte>(data, (int)length);
            }
        }
    }

    /// <summary>
    /// What a search found, and the memory that searches work in: make one for each thread and use it again and again.
    /// It belongs to no store and outlives any. For one thread at a time.
    /// </summary>
    public sealed unsafe class Results : IDisposable
    {
        private Native.Hit* hits;

        public Results()
        {
            IntPtr made;
            Native.Error error = default(Native.Error);
            error.StructSize = (UIntPtr)sizeof(Native.Error);
            SynaMmapException.Check(Native.syna_mmap_results_new(&made, &error), &error);
            Handle = new ResultsHandle(made);
        }

        /// <summary>How many hits there are.</summary>
        public int Count { get; private set; }

        /// <summary>Whether the last search came to its deadline or its most visits.</summary>
        public bool IsPartial => Native.syna_mmap_results_is_partial(Handle.Value) != 0;

        internal ResultsHandle Handle { get; }

        /// <summary>Of the store that was searched last.</summary>
        internal Shape Shape { get; private set; }

        /// <summary>A hit, sorted by ascending distance.</summary>
        public Hit At(int index)
        {
            if ((uint)index >= (uint)Count)
            {
                throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count} hits");
            }

            return new Hit(this, hits + index, index);
        }

        public Enumerator GetEnumerator() => new Enumerator(this);

        /// <summary>Where the hits of one query of the last batch are: the first of them, and how many.</summary>
        public int Query(int query, out int count)
        {
            UIntPtr found;
            Native.Hit* first = Native.syna_mmap_results_query_hits(Handle.Value, (UIntPtr)query, &found);
            count = (int)found;
            return count == 0 ? 0 : (int)(first - hits);
        }

        /// <summary>Whether one query of the last batch came to its deadline or its most visits.</summary>
        public bool IsQueryPartial(int query) =>
            Native.syna_mmap_results_query_is_partial(Handle.Value, (UIntPtr)query) != 0;

        /// <summary>Frees them, and with them everything that was borrowed from them.</summary>
        public void Dispose()
        {
            Forget();
            Handle.Dispose();
        }

        /// <summary>The former hits are gone, whatever the search that follows answers.</summary>
        internal void Forget()
        {
            Count = 0;
            hits = null;
        }

        /// <summary>Takes up what was found.</summary>
        internal void LookUp(Shape searched)
        {
            UIntPtr count;
            hits = Native.syna_mmap_results_hits(Handle.Value, &count);
            Count = (int)count;
            Shape = searched;
        }

        /// <summary>For foreach.</summary>
        public ref struct Enumerator
        {
            private readonly Results results;
            private int index;

            internal Enumerator(Results results)
            {
                this.results = results;
                index = -1;
            }

            public Hit Current => results.At(index);

            public bool MoveNext() => ++index < results.Count;
        }
    }
}
