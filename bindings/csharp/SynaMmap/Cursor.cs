using System;

namespace SynaMmap
{
    /// <summary>A stored row. What it points to is good until its cursor is disposed of, or, in a condition, for the call.</summary>
    public readonly unsafe ref struct Row
    {
        private readonly Native.Row raw;
        private readonly Shape shape;
        private readonly ulong[] values;

        /// <summary>Copies the values where `isLasting`, since they are good for a shorter time than the rest.</summary>
        internal Row(Native.Row raw, Shape shape, bool isLasting)
        {
            this.raw = raw;
            this.shape = shape;
            values = isLasting && raw.Values != null
                ? new ReadOnlySpan<ulong>(raw.Values, shape.Columns.Length).ToArray()
                : null;
        }

        /// <summary>The key, as a new string.</summary>
        public string Key => Utf8.Text(raw.Key, (int)raw.KeyLength);

        /// <summary>The key's bytes: UTF-8, or any bytes in a store whose keys are bytes.</summary>
        public ReadOnlySpan<byte> Utf8Key => new ReadOnlySpan<byte>(raw.Key, (int)raw.KeyLength);

        /// <summary>
        /// The vector: in a store of Float32 as it is stored, in the mapped file; in others decoded, each time into a new
        /// array.
        /// </summary>
        public ReadOnlySpan<float> Vector => raw.Vector == null
            ? shape.Decoded(raw.Stored)
            : new ReadOnlySpan<float>(raw.Vector, shape.Dimensions);

        /// <summary>The vector as it is stored, in the mapped file: see Rows.StoredVectors.</summary>
        public ReadOnlySpan<byte> Stored => new ReadOnlySpan<byte>(raw.Stored, (int)raw.StoredBytes);

        /// <summary>The bytes that were written with it; empty where none were.</summary>
        public ReadOnlySpan<byte> Payload => new ReadOnlySpan<byte>(raw.Payload, (int)raw.PayloadLength);

        /// <summary>The number that was written with it; 0 where none was.</summary>
        public ulong Tags => raw.Tags;

        /// <summary>Rows count up from 0 as they are inserted; a compaction gives new numbers.</summary>
        public ulong Number => raw.Number;

        /// <summary>The value in a column; SynaMmapException where the store has no such column.</summary>
        public Value GetValue(string column)
        {
            int place = shape.Place(column);
            return new Value(values != null ? values[place] : raw.Values[place]);
        }
    }

    /// <summary>
    /// A walk over the rows that were live when it was made, in the order of insertion: foreach, once. For one thread at a
    /// time; it may outlive its store.
    /// </summary>
    public sealed unsafe class Cursor : IDisposable
    {
        private readonly CursorHandle handle;
        private readonly Shape shape;
        private readonly Native.Row[] rows = new Native.Row[64];
        private int count;
        private int at;

        internal Cursor(IntPtr made, Shape shape)
        {
            handle = new CursorHandle(made);
            this.shape = shape;
        }

        /// <summary>The row that MoveNext has come to.</summary>
        public Row Current
        {
            get
            {
                if (at >= count)
                {
                    throw new InvalidOperationException("there is no current row; call MoveNext until it returns false");
                }

                return new Row(rows[at], shape, true);
            }
        }

        public Cursor GetEnumerator() => this;

        /// <summary>Moves on to the next row; false at the end.</summary>
        public bool MoveNext()
        {
            if (++at < count)
            {
                return true;
            }

            at = count = 0;
            UIntPtr given;
            Native.Error error = Store.NewError();
            fixed (Native.Row* room = rows)
            {
                int status = Native.syna_mmap_cursor_next(
                    handle.Value, room, (UIntPtr)rows.Length, &given, &error);
                GC.KeepAlive(this);
                SynaMmapException.Check(status, &error);
            }

            count = (int)given;
            return count > 0;
        }

        /// <summary>Frees it, and ends what its rows point to.</summary>
        public void Dispose()
        {
            at = count = 0;
            handle.Dispose();
        }
    }
}
