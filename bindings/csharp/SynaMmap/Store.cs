using System;

namespace SynaMmap
{
    /// <summary>
    /// An open store. All threads may use it at once. Dispose closes it without a word about a failure; Close tells.
    /// In a store that is closed every call is SynaMmapException with InvalidHandle, and Count is 0.
    /// </summary>
    public sealed unsafe partial class Store : IDisposable
    {
        private readonly StoreHandle handle;
        private readonly Shape shape;

        /// <summary>Opens the store in the file, or makes it where there is none.</summary>
        public Store(string path, StoreOptions options = null)
        {
            uint found = Native.syna_mmap_abi_version();
            if (found != Native.AbiVersion)
            {
                throw new SynaMmapException(
                    Status.Internal,
                    $"the library has ABI version {found}, this assembly needs {Native.AbiVersion}; take both from one release");
            }

            IntPtr opened;
            StoreOptions chosen = options ?? new StoreOptions();
            Native.Options raw = chosen.Raw;
            Native.Error error = NewError();
            fixed (byte* name = Utf8.Path(path), label = Utf8.Label(chosen.Label))
            fixed (byte* expectedLabel = Utf8.Label(chosen.ExpectedLabel))
            fixed (Native.Column* columns = RawColumns(chosen.Columns))
            {
                raw.Columns = columns;
                raw.ColumnCount = (UIntPtr)(chosen.Columns?.Length ?? 0);
                raw.Label = label;
                raw.ExpectedLabel = expectedLabel;
                SynaMmapException.Check(Native.syna_mmap_open(name, &raw, &opened, &error), &error);
            }

            handle = new StoreHandle(opened);
            shape = ShapeOf(opened);
        }

        private Store(IntPtr opened)
        {
            handle = new StoreHandle(opened);
            shape = ShapeOf(opened);
        }

        /// <summary>The library's version.</summary>
        public static string LibraryVersion => Utf8.Text(Native.syna_mmap_version());

        /// <summary>Floats in a vector.</summary>
        public int Dimensions => shape.Dimensions;

        /// <summary>How the file stores components.</summary>
        public Element Element => shape.Element;

        /// <summary>The bytes of a stored vector.</summary>
        public int VectorBytes => (int)Kept(Native.syna_mmap_vector_bytes(handle.Value));

        /// <summary>What the keys of the file are.</summary>
        public KeyKind KeyKind => (KeyKind)Kept(Native.syna_mmap_key_kind(handle.Value));

        /// <summary>How many vectors are stored.</summary>
        public ulong Count => Kept(Native.syna_mmap_len(handle.Value));

        /// <summary>The file's metric.</summary>
        public Metric Metric => (Metric)Kept(Native.syna_mmap_metric(handle.Value));

        /// <summary>Whether searches have an index to use.</summary>
        public bool HasIndex => Kept(Native.syna_mmap_has_index(handle.Value)) != 0;

        /// <summary>Whether anything was written since the last checkpoint.</summary>
        public bool IsDirty => Kept(Native.syna_mmap_is_dirty(handle.Value)) != 0;

        /// <summary>The number of the last write that is safe from a power cut.</summary>
        public ulong LastDurableSeq => Kept(Native.syna_mmap_last_durable_seq(handle.Value));

        /// <summary>Makes a checkpoint and closes.</summary>
        public void Close()
        {
            Native.Error error = NewError();
            int status = Native.syna_mmap_close(handle.Value, &error);
            handle.SetHandleAsInvalid();
            SynaMmapException.Check(status, &error);
        }

        public void Dispose() => handle.Dispose();

        /// <summary>Makes what was written so far safe from a power cut.</summary>
        public void Checkpoint()
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_checkpoint(handle.Value, &error), &error);
        }

        /// <summary>As Checkpoint, but leaves the index's file alone.</summary>
        public void Flush()
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_flush(handle.Value, &error), &error);
        }

        /// <summary>Takes every vector into the index, then makes a checkpoint.</summary>
        public void BuildIndex()
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_build_index(handle.Value, &error), &error);
        }

        /// <summary>Takes disk space for so many vectors in all, now.</summary>
        public void Reserve(ulong count)
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_reserve(handle.Value, count, &error), &error);
        }

        /// <summary>Stores a vector, unless the key is there already; whether it was new.</summary>
        public bool Insert(string key, ReadOnlySpan<float> vector) => Insert(Utf8.Key(key), vector);

        /// <summary>Stores a vector, unless the key is there already; whether it was new.</summary>
        public bool Insert(ReadOnlySpan<byte> utf8Key, ReadOnlySpan<float> vector)
        {
            SynaMmapException.CheckLength(vector.Length, 1, Dimensions);
            byte inserted;
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            fixed (float* floats = vector)
            {
                Check(
                    Native.syna_mmap_insert(handle.Value, key, (UIntPtr)utf8Key.Length, floats, &inserted, &error),
                    &error);
            }

            return inserted != 0;
        }

        /// <summary>Stores a vector in the place of the one that is there, if any.</summary>
        public void Upsert(string key, ReadOnlySpan<float> vector) => Upsert(Utf8.Key(key), vector);

        /// <summary>Stores a vector in the place of the one that is there, if any.</summary>
        public void Upsert(ReadOnlySpan<byte> utf8Key, ReadOnlySpan<float> vector)
        {
            SynaMmapException.CheckLength(vector.Length, 1, Dimensions);
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            fixed (float* floats = vector)
            {
                Check(Native.syna_mmap_upsert(handle.Value, key, (UIntPtr)utf8Key.Length, floats, &error), &error);
            }
        }

        /// <summary>Stores all rows or none; keys that are there are left. Returns how many were new.</summary>
        public long InsertBatch(Rows rows) => Write(rows, WriteMode.Insert).Rows;

        /// <summary>Stores all rows or none, replacing. Returns how many different keys there were.</summary>
        public long UpsertBatch(Rows rows) => Write(rows, WriteMode.Upsert).Rows;

        /// <summary>Deletes a key; whether it was there.</summary>
        public bool Delete(string key) => Delete(Utf8.Key(key));

        /// <summary>Deletes a key; whether it was there.</summary>
        public bool Delete(ReadOnlySpan<byte> utf8Key)
        {
            byte deleted;
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            {
                Check(Native.syna_mmap_delete(handle.Value, key, (UIntPtr)utf8Key.Length, &deleted, &error), &error);
            }

            return deleted != 0;
        }

        private static Shape ShapeOf(IntPtr opened) =>
            new Shape((int)Native.syna_mmap_dimensions(opened), (Element)Native.syna_mmap_element(opened), ColumnsOf(opened));

        internal static Native.Error NewError()
        {
            Native.Error error = default(Native.Error);
            error.StructSize = (UIntPtr)sizeof(Native.Error);
            return error;
        }

        /// <summary>Throws unless the status is OK; the store is not finalised before.</summary>
        private void Check(int status, Native.Error* error)
        {
            GC.KeepAlive(this);
            SynaMmapException.Check(status, error);
        }

        private T Kept<T>(T answer)
        {
            GC.KeepAlive(this);
            return answer;
        }
    }
}
