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

    /// <summary>What the vectors of a store look like.</summary>
    internal readonly unsafe struct Shape
    {
        internal Shape(int dimensions, Element element)
        {
            Dimensions = dimensions;
            Element = element;
        }

        internal int Dimensions { get; }

        internal Element Element { get; }

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
        /// A stored vector as floats, as the library decodes it. Rows are decoded here and not by Get, because they stay
        /// what they are when their key is deleted or their store is closed.
        /// </summary>
        internal float[] Decoded(byte* stored)
        {
            float[] vector = new float[Dimensions];
            float scale = Element == Element.Int8 ? OfBits(Little(stored + VectorBytes(Element) - 4)) : 0;
            for (int i = 0; i < vector.Length; i++)
            {
                switch (Element)
                {
                    case Element.Float32: vector[i] = OfBits(Little(stored + (4 * i))); break;
                    case Element.Float16: vector[i] = OfHalf((uint)(stored[2 * i] | (stored[(2 * i) + 1] << 8))); break;
                    default: vector[i] = (sbyte)stored[i] * scale; break;
                }
            }

            return vector;
        }

        private static uint Little(byte* four) =>
            (uint)(four[0] | (four[1] << 8) | (four[2] << 16) | (four[3] << 24));

        private static float OfBits(uint bits) => *(float*)&bits;

        /// <summary>The value of an IEEE 754 binary16, which a float represents exactly.</summary>
        private static float OfHalf(uint half)
        {
            uint sign = (half & 0x8000) << 16, magnitude = (half & 0x7FFF) << 13;
            if ((half & 0x7C00) == 0x7C00)
            {
                return OfBits(sign | 0x7F800000 | magnitude);
            }

            // 2^112: the exponents' biases differ by 112. A product, because it normalizes the subnormal ones.
            float value = OfBits(magnitude) * OfBits((112 + 127) << 23);
            return OfBits(sign | *(uint*)&value);
        }
    }
}
