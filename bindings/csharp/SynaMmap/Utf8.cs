using System;
using System.Text;

namespace SynaMmap
{
    /// <summary>Texts as the library takes them.</summary>
    internal static class Utf8
    {
        // A lone surrogate is an error: replaced by another character, it would be another key.
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        [ThreadStatic]
        private static byte[] buffer;

        /// <summary>A key's bytes, good until the next call on this thread.</summary>
        internal static unsafe ReadOnlySpan<byte> Key(string key)
        {
            if (key == null)
            {
                throw new ArgumentNullException(nameof(key));
            }

            int room = Strict.GetMaxByteCount(key.Length);
            if (buffer == null || buffer.Length < room)
            {
                buffer = new byte[Math.Max(room, 256)];
            }

            try
            {
                return new ReadOnlySpan<byte>(buffer, 0, Strict.GetBytes(key, 0, key.Length, buffer, 0));
            }
            catch (EncoderFallbackException inner)
            {
                throw new SynaMmapException(
                    Status.InvalidKey, "the key has half of a surrogate pair; pass whole characters", 0, inner);
            }
        }

        /// <summary>A path with the NUL that C wants at its end.</summary>
        internal static byte[] Path(string path)
        {
            if (path == null)
            {
                throw new ArgumentNullException(nameof(path));
            }

            if (path.IndexOf('\0') >= 0)
            {
                throw new SynaMmapException(Status.InvalidArgument, "the path has a NUL in it; pass one without");
            }

            return Strict.GetBytes(path + "\0");
        }

        /// <summary>A label with the NUL that C wants at its end; null where there is none.</summary>
        internal static byte[] Label(string label)
        {
            if (label == null)
            {
                return null;
            }

            int length = Encoding.UTF8.GetByteCount(label);
            if (length > 64 || label.IndexOf('\0') >= 0)
            {
                throw new SynaMmapException(
                    Status.InvalidArgument, $"the label has {length} bytes; pass one of at most 64, without NUL bytes");
            }

            return Encoding.UTF8.GetBytes(label + "\0");
        }

        /// <summary>A text that ends with a NUL.</summary>
        internal static unsafe string Text(byte* text)
        {
            int length = 0;
            while (text[length] != 0)
            {
                length++;
            }

            return Text(text, length);
        }

        internal static unsafe string Text(byte* text, int length)
        {
            return length == 0 ? string.Empty : Encoding.UTF8.GetString(text, length);
        }
    }
}
