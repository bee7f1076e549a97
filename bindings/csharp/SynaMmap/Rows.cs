using System;
using System.Collections.Generic;

namespace SynaMmap
{
    /// <summary>Rows of a batch. Keys and payloads are copied together; vectors and tags are taken from where they lie.</summary>
    public ref struct Rows
    {
        /// <summary>The keys of the rows.</summary>
        public IReadOnlyList<string> Keys { get; set; }

        /// <summary>The keys' bytes, in the place of Keys: UTF-8, or any bytes in a store whose keys are bytes.</summary>
        public IReadOnlyList<byte[]> Utf8Keys { get; set; }

        /// <summary>As many vectors as keys, one after the other.</summary>
        public ReadOnlySpan<float> Vectors { get; set; }

        /// <summary>
        /// In the place of Vectors: bytes as a store of the type VectorsElement stores them, one vector after the other,
        /// little-endian. Of Float16: the components. Of Int8: the integers, zeros up to a multiple of 4 bytes, and the
        /// scale as a float. The type must be that of the store, or Float32 (then aligned to 4 bytes).
        /// </summary>
        public ReadOnlySpan<byte> StoredVectors { get; set; }

        /// <summary>What StoredVectors are. Default Float32.</summary>
        public Element VectorsElement { get; set; }

        /// <summary>A number for each key; empty: 0 for all.</summary>
        public ReadOnlySpan<ulong> Tags { get; set; }

        /// <summary>Some bytes for each key, of which each may be null; null: none.</summary>
        public IReadOnlyList<byte[]> Payloads { get; set; }

        /// <summary>Values for columns of the store; those that are left out are 0, or stay as they are in an update.</summary>
        public IReadOnlyList<ColumnValues> Columns { get; set; }

        /// <summary>Keys to delete before the rows are written; null: none.</summary>
        public IReadOnlyList<byte[]> Deletions { get; set; }

        internal int Count => Utf8Keys?.Count ?? Keys?.Count ?? 0;

        /// <summary>Throws unless there are as many vectors as the library reads.</summary>
        internal void CheckVectors(Shape shape)
        {
            if (StoredVectors.IsEmpty && VectorsElement == Element.Float32)
            {
                SynaMmapException.CheckLength(Vectors.Length, Count, shape.Dimensions);
                return;
            }

            if (!Vectors.IsEmpty)
            {
                throw new SynaMmapException(
                    Status.InvalidArgument,
                    "pass Vectors without VectorsElement, or StoredVectors of the type VectorsElement");
            }

            // The library refuses other types without a look at the vectors.
            if (VectorsElement == shape.Element || VectorsElement == Element.Float32)
            {
                long each = shape.VectorBytes(VectorsElement), needed = Count * each;
                if (StoredVectors.Length != needed)
                {
                    throw new SynaMmapException(
                        Status.DimensionMismatch,
                        $"{Count} vectors of {each} bytes are needed, so pass {needed} bytes, not {StoredVectors.Length}");
                }
            }
        }

        internal Joined JoinedKeys()
        {
            Joined joined = new Joined(Count);
            for (int i = 0; i < Count; i++)
            {
                joined.Add(Utf8Keys != null ? Utf8Keys[i] : Utf8.Key(Keys[i]));
            }

            return joined;
        }
    }

    /// <summary>Pieces one after another, and where each begins.</summary>
    internal sealed class Joined
    {
        private int count;

        /// <summary>Of pieces that may each be null; null for null.</summary>
        internal static Joined Of(IReadOnlyList<byte[]> pieces)
        {
            if (pieces == null)
            {
                return null;
            }

            Joined joined = new Joined(pieces.Count);
            foreach (byte[] piece in pieces)
            {
                joined.Add(piece);
            }

            return joined;
        }

        internal Joined(int pieces)
        {
            Offsets = new ulong[pieces + 1];
            Bytes = new byte[Math.Max(pieces * 16, 1)];
        }

        internal byte[] Bytes { get; private set; }

        internal ulong[] Offsets { get; }

        internal void Add(ReadOnlySpan<byte> piece)
        {
            int begin = (int)Offsets[count];
            int end = checked(begin + piece.Length);
            if (end > Bytes.Length)
            {
                byte[] larger = new byte[Math.Max(end, (int)Math.Min(Bytes.Length * 2L, int.MaxValue / 2))];
                Buffer.BlockCopy(Bytes, 0, larger, 0, begin);
                Bytes = larger;
            }

            piece.CopyTo(new Span<byte>(Bytes, begin, piece.Length));
            Offsets[++count] = (ulong)end;
        }
    }
}
