using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

/// <summary>The words of bindings/conformance/cases.txt, whose README.md describes them.</summary>
internal static class Words
{
    internal static byte[] BytesOf(string word)
    {
        List<byte> whole = new List<byte>();
        if (word == "-")
        {
            return whole.ToArray();
        }

        foreach (string piece in word.Split('+'))
        {
            string[] parts = piece.Split('*');
            byte[] text = Encoding.UTF8.GetBytes(parts[0]);
            List<byte> once = new List<byte>();
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] == '%')
                {
                    once.Add(byte.Parse(Encoding.ASCII.GetString(text, i + 1, 2), NumberStyles.HexNumber));
                    i += 2;
                }
                else
                {
                    once.Add(text[i]);
                }
            }

            for (int times = parts.Length > 1 ? int.Parse(parts[1]) : 1; times > 0; times--)
            {
                whole.AddRange(once);
            }
        }

        return whole.ToArray();
    }

    internal static float[] VectorOf(string word)
    {
        string[] sides = word.Split(':');
        float[] vector = new float[sides.Length > 1 ? int.Parse(sides[0]) : 64];
        string rest = sides[sides.Length - 1];
        char kind = rest[0];
        rest = rest.Substring(1);
        switch (kind)
        {
            case 'v':
                string[] parts = rest.Split(',');
                for (int i = 0; i < parts.Length; i++)
                {
                    vector[i] = Number(parts[i]);
                }

                break;
            case 's':
                ulong first = ulong.Parse(rest) * (ulong)vector.Length;
                for (int i = 0; i < vector.Length; i++)
                {
                    vector[i] = (float)(Scrambled(first + (ulong)i) >> 40) / 8388608.0f - 1.0f;
                }

                break;
            case 'n': vector[int.Parse(rest)] = float.NaN; break;
            case 'i': vector[int.Parse(rest)] = float.PositiveInfinity; break;
            case 'j': vector[int.Parse(rest)] = float.NegativeInfinity; break;
            default: throw new FormatException("a vector begins with v, s, n, i or j: " + word);
        }

        return vector;
    }

    internal static bool IsDistance(string word, float distance)
    {
        return word[0] == '~'
            ? Math.Abs(distance - Number(word.Substring(1))) <= 0.00001f
            : Bits(distance) == uint.Parse(word, NumberStyles.HexNumber);
    }

    internal static bool IsSame(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        bool isSame = a.Length == b.Length;
        for (int i = 0; isSame && i < a.Length; i++)
        {
            isSame = Bits(a[i]) == Bits(b[i]);
        }

        return isSame;
    }

    private static unsafe uint Bits(float number) => *(uint*)&number;

    private static float Number(string text)
    {
        // Mono loses the sign of "-0".
        return text == "-0" ? -0.0f * 1.0f : float.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    // SplitMix64.
    private static ulong Scrambled(ulong n)
    {
        n = unchecked(n + 0x9E3779B97F4A7C15UL);
        n = unchecked((n ^ (n >> 30)) * 0xBF58476D1CE4E5B9UL);
        n = unchecked((n ^ (n >> 27)) * 0x94D049BB133111EBUL);
        return n ^ (n >> 31);
    }
}
