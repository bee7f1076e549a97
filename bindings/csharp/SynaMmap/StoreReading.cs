using System;

namespace SynaMmap
{
    public sealed unsafe partial class Store
    {
        /// <summary>A copy of the vector of a key; NotFound where there is no such key.</summary>
        public float[] Get(string key)
        {
            float[] vector = new float[Dimensions];
            Get(Utf8.Key(key), vector);
            return vector;
        }

        /// <summary>Copies the vector of a key; NotFound where there is no such key.</summary>
        public void Get(ReadOnlySpan<byte> utf8Key, Span<float> vector)
        {
            SynaMmapException.CheckLength(vector.Length, 1, Dimensions);
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            fixed (float* floats = vector)
            {
                Check(Native.syna_mmap_get(handle.Value, key, (UIntPtr)utf8Key.Length, floats, &error), &error);
            }
        }

        /// <summary>The number that was written with a key; 0 where none was.</summary>
        public ulong GetTags(string key) => GetTags(Utf8.Key(key));

        /// <summary>The number that was written with a key; 0 where none was.</summary>
        public ulong GetTags(ReadOnlySpan<byte> utf8Key)
        {
            ulong tags;
            Native.Error error = NewError();
            fixed (byte* key = utf8Key)
            {
                Check(Native.syna_mmap_get_tags(handle.Value, key, (UIntPtr)utf8Key.Length, &tags, &error), &error);
            }

            return tags;
        }

        /// <summary>A copy of the bytes that were written with a key; empty where none were.</summary>
        public byte[] GetPayload(string key) => GetPayload(Utf8.Key(key));

        /// <summary>A copy of the bytes that were written with a key; empty where none were.</summary>
        public byte[] GetPayload(ReadOnlySpan<byte> utf8Key)
        {
            byte[] room = new byte[0];
            while (true)
            {
                UIntPtr length;
                Native.Error error = NewError();
                fixed (byte* key = utf8Key, payload = room)
                {
                    Check(
                        Native.syna_mmap_get_payload(
                            handle.Value, key, (UIntPtr)utf8Key.Length, payload, (UIntPtr)room.Length, &length, &error),
                        &error);
                }

                bool isWhole = (int)length <= room.Length;
                Array.Resize(ref room, (int)length);
                if (isWhole)
                {
                    return room;
                }
            }
        }

        /// <summary>Whether a key is stored.</summary>
        public bool Contains(string key) => Contains(Utf8.Key(key));

        /// <summary>Whether a key is stored.</summary>
        public bool Contains(ReadOnlySpan<byte> utf8Key)
        {
            fixed (byte* key = utf8Key)
            {
                return Kept(Native.syna_mmap_contains(handle.Value, key, (UIntPtr)utf8Key.Length)) != 0;
            }
        }
    }
}
