using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;

namespace SynaMmap
{
    /// <summary>What the values of a column are; each takes 8 bytes.</summary>
    public enum ColumnKind : uint
    {
        Int64 = 1,
        UInt64 = 2,

        /// <summary>double, except NaN.</summary>
        Double = 3,
    }

    /// <summary>A typed number that is stored with each row.</summary>
    public readonly struct Column : IEquatable<Column>
    {
        public Column(string name, ColumnKind kind)
        {
            Name = name;
            Kind = kind;
        }

        /// <summary>1 to 32 bytes of UTF-8.</summary>
        public string Name { get; }

        public ColumnKind Kind { get; }

        public bool Equals(Column other) => Name == other.Name && Kind == other.Kind;

        public override bool Equals(object other) => other is Column column && Equals(column);

        public override int GetHashCode() => (Name?.GetHashCode() ?? 0) ^ (int)Kind;

        public override string ToString() => $"{Name} {Kind}";
    }

    /// <summary>The value of a row in a column. The kind of the column says which property it is.</summary>
    public readonly struct Value
    {
        private readonly ulong bits;

        internal Value(ulong bits) => this.bits = bits;

        public long Int64 => unchecked((long)bits);

        public ulong UInt64 => bits;

        public double Double => BitConverter.Int64BitsToDouble(unchecked((long)bits));
    }

    /// <summary>
    /// Values of a batch in one column: an array, or a part of one, with a value for each key. Their type is the kind of the
    /// column.
    /// </summary>
    public sealed class ColumnValues
    {
        private readonly Func<MemoryHandle> pin;

        public ColumnValues(string column, ReadOnlyMemory<long> values)
            : this(column, ColumnKind.Int64, values.Length, values.Pin)
        {
        }

        public ColumnValues(string column, ReadOnlyMemory<ulong> values)
            : this(column, ColumnKind.UInt64, values.Length, values.Pin)
        {
        }

        public ColumnValues(string column, ReadOnlyMemory<double> values)
            : this(column, ColumnKind.Double, values.Length, values.Pin)
        {
        }

        private ColumnValues(string column, ColumnKind kind, int count, Func<MemoryHandle> pin)
        {
            Column = column;
            Kind = kind;
            Count = count;
            this.pin = pin;
        }

        /// <summary>The name of the column.</summary>
        public string Column { get; }

        public ColumnKind Kind { get; }

        public int Count { get; }

        internal MemoryHandle Pin() => pin();
    }

    /// <summary>The values of a batch as the library takes them, pinned until the end of the call.</summary>
    internal sealed unsafe class PinnedColumns : IDisposable
    {
        private readonly List<MemoryHandle> pins = new List<MemoryHandle>();

        internal PinnedColumns(IReadOnlyList<ColumnValues> given, Shape shape, int count)
        {
            Raw = new Native.ColumnValues[given?.Count ?? 0];
            try
            {
                for (int i = 0; i < Raw.Length; i++)
                {
                    ColumnValues values = given[i];
                    Raw[i].Column = (uint)shape.Place(values.Column);
                    Raw[i].Kind = (uint)values.Kind;
                    if (values.Count != count)
                    {
                        throw new SynaMmapException(
                            Status.InvalidArgument,
                            $"column '{values.Column}' has {values.Count} values; pass {count}, one for each key");
                    }

                    pins.Add(values.Pin());
                    Raw[i].Values = count == 0 ? null : pins[i].Pointer;
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        internal Native.ColumnValues[] Raw { get; }

        public void Dispose()
        {
            foreach (MemoryHandle pin in pins)
            {
                pin.Dispose();
            }
        }
    }

    public sealed unsafe partial class Store
    {
        private const int MostColumns = 16;

        /// <summary>The columns, in order; another store can be opened with them.</summary>
        public IReadOnlyList<Column> Columns => Array.AsReadOnly(shape.Columns);

        /// <summary>
        /// A text as a number for a column of ColumnKind.UInt64, to compare for equality: FNV-1a of its UTF-8, the same on
        /// every platform and in every version. Different texts may have the same number.
        /// </summary>
        public static ulong Hash64(string text) => Hash64(Utf8.Key(text));

        /// <summary>As Hash64 of a string.</summary>
        public static ulong Hash64(ReadOnlySpan<byte> bytes)
        {
            fixed (byte* first = bytes)
            {
                return Native.syna_mmap_hash64(first, (UIntPtr)bytes.Length);
            }
        }

        /// <summary>The value of a key in a column; NotFound where there is no such key.</summary>
        public Value GetValue(string key, string column) => GetValue(Utf8.Key(key), column);

        /// <summary>The value of a key in a column; NotFound where there is no such key.</summary>
        public Value GetValue(ReadOnlySpan<byte> utf8Key, string column)
        {
            uint place = (uint)shape.Place(column);
            ulong bits;
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            {
                Check(
                    Native.syna_mmap_get_value(handle.Value, key, (UIntPtr)utf8Key.Length, place, &bits, &error), &error);
            }

            return new Value(bits);
        }

        /// <summary>Columns as the library takes them; null for null.</summary>
        private static Native.Column[] RawColumns(Column[] columns)
        {
            if (columns == null)
            {
                return null;
            }

            Native.Column[] raw = new Native.Column[columns.Length];
            for (int i = 0; i < raw.Length; i++)
            {
                string name = columns[i].Name ?? string.Empty;
                byte[] bytes = Encoding.UTF8.GetBytes(name);
                if (bytes.Length == 0 || bytes.Length > 32 || name.IndexOf('\0') >= 0)
                {
                    throw new SynaMmapException(
                        Status.InvalidArgument,
                        $"the name '{name}' of a column has {bytes.Length} bytes; pass 1 to 32, without NUL bytes");
                }

                fixed (byte* room = raw[i].Name)
                {
                    bytes.CopyTo(new Span<byte>(room, 36));
                }

                raw[i].Kind = (uint)columns[i].Kind;
            }

            return raw;
        }

        private static Column[] ColumnsOf(IntPtr opened)
        {
            Native.Column* raw = stackalloc Native.Column[MostColumns];
            UIntPtr count;
            Native.Error error = NewError();
            SynaMmapException.Check(
                Native.syna_mmap_columns(opened, raw, (UIntPtr)MostColumns, &count, &error), &error);
            Column[] columns = new Column[(int)count];
            for (int i = 0; i < columns.Length; i++)
            {
                columns[i] = new Column(Utf8.Text(raw[i].Name), (ColumnKind)raw[i].Kind);
            }

            return columns;
        }
    }
}
