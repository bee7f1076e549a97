using System;
using System.Collections.Generic;

namespace SynaMmap
{
    /// <summary>One row at a time, rows without a search, and settings.</summary>
    public sealed unsafe partial class Store
    {
        /// <summary>The path that the store was opened by, absolute; null for a store without a file of its own.</summary>
        public string Path
        {
            get
            {
                byte[] room = new byte[0];
                while (true)
                {
                    UIntPtr length;
                    Native.Error error = NewError();
                    fixed (byte* bytes = room)
                    {
                        Check(Native.syna_mmap_path(handle.Value, bytes, (UIntPtr)room.Length, &length, &error), &error);
                        if ((int)length < room.Length)
                        {
                            return (int)length == 0 ? null : Utf8.Text(bytes, (int)length);
                        }
                    }

                    room = new byte[(int)length + 1];
                }
            }
        }

        /// <summary>
        /// Opens a store whose file is in memory, for reading; an index length of 0: there is none. The memory must not
        /// move, and must stay as it is until the store is closed and all its Results and Cursors are disposed of, or,
        /// for Results, were searched into again.
        /// </summary>
        public static Store OpenMemory(
            IntPtr bytes, ulong length, IntPtr index = default(IntPtr), ulong indexLength = 0, StoreOptions options = null)
        {
            IntPtr opened;
            StoreOptions chosen = options ?? StoreOptions.AsInFile();
            Native.Options raw = chosen.Raw;
            Native.Error error = NewError();
            fixed (byte* label = Utf8.Label(chosen.Label), expectedLabel = Utf8.Label(chosen.ExpectedLabel))
            fixed (Native.Column* columns = RawColumns(chosen.Columns))
            {
                raw.Label = label;
                raw.ExpectedLabel = expectedLabel;
                raw.Columns = columns;
                raw.ColumnCount = (UIntPtr)(chosen.Columns?.Length ?? 0);
                int status = Native.syna_mmap_open_memory(
                    (byte*)bytes, (UIntPtr)length, (byte*)index, (UIntPtr)indexLength, &raw, &opened, &error);
                SynaMmapException.Check(status, &error);
            }

            return new Store(opened);
        }

        /// <summary>Stores one row with its tags and payload, in the place of the one that is there, if any.</summary>
        public void Put(string key, ReadOnlySpan<float> vector, ulong tags, ReadOnlySpan<byte> payload) =>
            Put(Utf8.Key(key), vector, tags, payload);

        /// <summary>Stores one row with its tags and payload, in the place of the one that is there, if any.</summary>
        public void Put(ReadOnlySpan<byte> utf8Key, ReadOnlySpan<float> vector, ulong tags, ReadOnlySpan<byte> payload) =>
            Put(utf8Key, vector, tags, payload, 1);

        /// <summary>As Put, but leaves a key that is there as it is; whether it was new.</summary>
        public bool PutNew(string key, ReadOnlySpan<float> vector, ulong tags, ReadOnlySpan<byte> payload) =>
            PutNew(Utf8.Key(key), vector, tags, payload);

        /// <summary>As Put, but leaves a key that is there as it is; whether it was new.</summary>
        public bool PutNew(
            ReadOnlySpan<byte> utf8Key, ReadOnlySpan<float> vector, ulong tags, ReadOnlySpan<byte> payload) =>
            Put(utf8Key, vector, tags, payload, 0);

        /// <summary>
        /// The row of a key, without a copy; NotFound where there is none. What it points to is good until the store is
        /// closed.
        /// </summary>
        public Row View(string key) => View(Utf8.Key(key));

        /// <summary>As View of a string.</summary>
        public Row View(ReadOnlySpan<byte> utf8Key)
        {
            Native.View view = default(Native.View);
            view.StructSize = (UIntPtr)sizeof(Native.View);
            Native.Row withValues = default(Native.Row);
            bool isWhole;
            do
            {
                Native.Error error = NewError();
                fixed (byte* key = utf8Key)
                {
                    Check(Native.syna_mmap_get_view(handle.Value, key, (UIntPtr)utf8Key.Length, &view, &error), &error);
                }

                // A view has no values. A compaction in between gives rows other numbers: then it is looked for again.
                byte isLive;
                isWhole = shape.Columns.Length == 0 ||
                    (Native.syna_mmap_get_row(handle.Value, view.Row, &withValues, &isLive, null) == (int)Status.Ok &&
                        withValues.Stored == view.Vector);
            }
            while (!isWhole);

            Native.Row row = new Native.Row
            {
                Key = view.Key,
                KeyLength = view.KeyLength,
                Vector = view.Element == (uint)Element.Float32 ? (float*)view.Vector : null,
                Stored = view.Vector,
                StoredBytes = view.VectorBytes,
                Payload = view.Payload,
                PayloadLength = view.PayloadLength,
                Tags = view.Tags,
                Number = view.Row,
                Values = withValues.Values,
            };
            return new Row(row, shape, true);
        }

        /// <summary>The row number of a key; NotFound where there is none.</summary>
        public ulong RowOf(string key) => RowOf(Utf8.Key(key));

        /// <summary>The row number of a key; NotFound where there is none.</summary>
        public ulong RowOf(ReadOnlySpan<byte> utf8Key)
        {
            ulong number;
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            {
                Check(Native.syna_mmap_row_of(handle.Value, key, (UIntPtr)utf8Key.Length, &number, &error), &error);
            }

            return number;
        }

        /// <summary>The live row with a number, good as that of View; NotFound where there is none.</summary>
        public Row RowAt(ulong number)
        {
            Native.Row row;
            Native.Error error = NewError();
            Check(Native.syna_mmap_get_row(handle.Value, number, &row, null, &error), &error);
            return new Row(row, shape, true);
        }

        /// <summary>
        /// Copies the vectors of many keys, one after the other, and says which keys exist; the places of the others are
        /// left as they are.
        /// </summary>
        public bool[] GetBatch(IReadOnlyList<byte[]> utf8Keys, Span<float> vectors)
        {
            int count = utf8Keys.Count;
            SynaMmapException.CheckLength(vectors.Length, count, Dimensions);
            Joined keys = new Rows { Utf8Keys = utf8Keys }.JoinedKeys();
            byte[] found = new byte[count];
            Native.Error error = NewError();
            fixed (byte* keyBytes = keys.Bytes, flags = found)
            fixed (ulong* keyOffsets = keys.Offsets)
            fixed (float* floats = vectors)
            {
                Check(
                    Native.syna_mmap_get_batch(
                        handle.Value, keyBytes, keyOffsets, (UIntPtr)count, floats, flags, null, &error),
                    &error);
            }

            return Array.ConvertAll(found, flag => flag != 0);
        }

        /// <summary>How many rows meet the conditions; options that are no conditions have no effect.</summary>
        public ulong CountWhere(SearchOptions conditions = default(SearchOptions))
        {
            ulong count = 0;
            ulong* address = &count;
            Find(null, conditions, (raw, error) => Native.syna_mmap_count_where(handle.Value, raw, address, error));
            return count;
        }

        /// <summary>
        /// Writes the numbers of the rows from the first on that meet the conditions, in ascending order. Returns how many;
        /// fewer than there is room for are the end. To go on, pass the last one plus one.
        /// </summary>
        public int RowsWhere(ulong firstRow, Span<ulong> rows, SearchOptions conditions = default(SearchOptions))
        {
            UIntPtr count = UIntPtr.Zero;
            UIntPtr* written = &count;
            UIntPtr capacity = (UIntPtr)rows.Length;
            fixed (ulong* room = rows)
            {
                ulong* address = room;
                Find(null, conditions, (raw, error) => Native.syna_mmap_rows_where(
                    handle.Value, raw, firstRow, address, capacity, written, error));
            }

            return (int)count;
        }

        /// <summary>The distance of two vectors, as a search computes it.</summary>
        public float Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            SynaMmapException.CheckLength(a.Length, 1, Dimensions);
            SynaMmapException.CheckLength(b.Length, 1, Dimensions);
            float distance;
            Native.Error error = NewError();
            fixed (float* first = a, second = b)
            {
                Check(Native.syna_mmap_distance(handle.Value, first, second, &distance, &error), &error);
            }

            return distance;
        }

        /// <summary>The options in effect.</summary>
        public StoreOptions GetOptions()
        {
            StoreOptions found = new StoreOptions();
            Native.Error error = NewError();
            fixed (Native.Options* raw = &found.Raw)
            {
                raw->StructSize = (UIntPtr)sizeof(Native.Options);
                Check(Native.syna_mmap_get_options(handle.Value, raw, &error), &error);
            }

            return found;
        }

        /// <summary>Changes HnswEfSearch until the store is closed.</summary>
        public void SetEfSearch(uint ef)
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_set_ef_search(handle.Value, ef, &error), &error);
        }

        /// <summary>Changes CheckpointIntervalSecs until the store is closed; 0: no checkpoints that writes make.</summary>
        public void SetCheckpointInterval(uint secs)
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_set_checkpoint_interval(handle.Value, secs, &error), &error);
        }

        private bool Put(
            ReadOnlySpan<byte> utf8Key, ReadOnlySpan<float> vector, ulong tags, ReadOnlySpan<byte> payload, uint mode)
        {
            SynaMmapException.CheckLength(vector.Length, 1, Dimensions);
            byte written;
            Native.Error error = NewError();
            fixed (byte* key = utf8Key, bytes = payload)
            fixed (float* floats = vector)
            {
                Check(
                    Native.syna_mmap_put(
                        handle.Value, key, (UIntPtr)utf8Key.Length, floats, tags, bytes, (UIntPtr)payload.Length, mode,
                        &written, &error),
                    &error);
            }

            return written != 0;
        }
    }
}
