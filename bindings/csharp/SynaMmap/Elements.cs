using System;

namespace SynaMmap
{
    /// <summary>
    /// How the components of vectors are stored; fixed when the file is made. Calls take and return floats in any case:
    /// vectors are rounded when they are written.
    /// </summary>
    public enum Element : uint
    {
        /// <summary>As they are.</summary>
        Float32 = 0,

        /// <summary>IEEE 754 binary16, 2 bytes a component.</summary>
        Float16 = 1,

        /// <summary>1 byte a component, from -127 to 127, and one scale a vector.</summary>
        Int8 = 2,

        /// <summary>For opening only: as in the existing file.</summary>
        FromFile = uint.MaxValue,
    }

    /// <summary>What the rows of a store look like.</summary>
    internal readonly unsafe struct Shape
    {
        internal Shape(int dimensions, Element element, Column[] columns)
        {
            Dimensions = dimensions;
            Element = element;
            Columns = columns;
        }

        internal int Dimensions { get; }

        internal Element Element { get; }

        internal Column[] Columns { get; }

        /// <summary>The place of a column in the list; throws where there is none.</summary>
        internal int Place(string column)
        {
            for (int i = 0; i < Columns.Length; i++)
            {
                if (Columns[i].Name == column)
                {
                    return i;
                }
            }

            throw new SynaMmapException(
                Status.InvalidArgument,
                $"the store has no column '{column}'; its columns are: {string.Join(", ", Columns)}");
        }

        /// <summary>The bytes of a stored vector of a type; 0 for an unknown type.</summary>
        internal int VectorBytes(Element element)
        {
            switch (element)
            {
                case Element.Float32: return 4 * Dimensions;
                case Element.Float16: return 2 * Dimensions;
                case Element.Int8: return ((Dimensions + 3) / 4 * 4) + 4;
                default: return 0;
            }
        }

        /// <summary>
        /// A stored vector as floats. Rows are decoded and not read by Get, because they stay what they are when their key
        /// is deleted or their store is closed.
        /// </summary>
        internal float[] Decoded(byte* stored)
        {
            float[] vector = new float[Dimensions];
            fixed (float* room = vector)
            {
                Native.syna_mmap_decode_vector((uint)Element, (uint)Dimensions, stored, room);
            }

            return vector;
        }
    }
}
