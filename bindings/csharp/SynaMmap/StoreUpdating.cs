using System;
using System.Collections.Generic;

namespace SynaMmap
{
    /// <summary>What a batch does with a key that is there.</summary>
    public enum WriteMode : uint
    {
        /// <summary>Leaves it as it is.</summary>
        Insert = 0,

        /// <summary>Gives it the new row.</summary>
        Upsert = 1,
    }

    /// <summary>What a batch has done.</summary>
    public readonly struct Written
    {
        internal Written(long rows, long deleted)
        {
            Rows = rows;
            Deleted = deleted;
        }

        /// <summary>Of an insert: how many keys were new. Of an upsert: how many different keys there were.</summary>
        public long Rows { get; }

        /// <summary>How many of the keys to delete existed.</summary>
        public long Deleted { get; }
    }

    /// <summary>Values that an application stores in the file for itself.</summary>
    public struct UserBlock
    {
        /// <summary>Tells which application the file belongs to.</summary>
        public uint ApplicationId { get; set; }

        /// <summary>The version of the application's data.</summary>
        public uint UserVersion { get; set; }

        /// <summary>What the vectors are; at most 64 bytes of UTF-8. null: empty.</summary>
        public string Label { get; set; }
    }

    public sealed unsafe partial class Store
    {
        /// <summary>Deletes the keys in Deletions, then writes the rows: all of it or nothing.</summary>
        public Written Write(Rows rows, WriteMode mode)
        {
            int count = rows.Count;
            rows.CheckVectors(shape);
            CheckCounts(count, rows.Tags.Length, rows.Payloads);
            Joined keys = rows.JoinedKeys(), payloads = Joined.Of(rows.Payloads), deletions = Joined.Of(rows.Deletions);
            UIntPtr written, deleted;
            Native.Error error = NewError();
            using (PinnedColumns values = new PinnedColumns(rows.Columns, shape, count))
            fixed (Native.ColumnValues* columns = values.Raw)
            fixed (byte* keyBytes = keys.Bytes, payloadBytes = payloads?.Bytes, deletionBytes = deletions?.Bytes)
            fixed (ulong* keyOffsets = keys.Offsets, payloadOffsets = payloads?.Offsets, tags = rows.Tags)
            fixed (ulong* deletionOffsets = deletions?.Offsets)
            fixed (float* vectors = rows.Vectors)
            fixed (byte* storedVectors = rows.StoredVectors)
            {
                Native.Batch batch = new Native.Batch
                {
                    StructSize = (UIntPtr)sizeof(Native.Batch),
                    Keys = keyBytes,
                    KeyOffsets = keyOffsets,
                    Vectors = vectors == null ? (void*)storedVectors : vectors,
                    Count = (UIntPtr)count,
                    Tags = tags,
                    Payloads = payloadBytes,
                    PayloadOffsets = payloadOffsets,
                    Mode = (uint)mode,
                    DeleteKeys = deletionBytes,
                    DeleteKeyOffsets = deletionOffsets,
                    DeleteCount = (UIntPtr)(rows.Deletions?.Count ?? 0),
                    Deleted = &deleted,
                    VectorsElement = (uint)rows.VectorsElement,
                    Columns = columns,
                    ColumnCount = (UIntPtr)values.Raw.Length,
                };
                Check(Native.syna_mmap_write(handle.Value, &batch, &written, &error), &error);
            }

            return new Written((long)written, (long)deleted);
        }

        /// <summary>Deletes many keys, all or none. Returns how many existed.</summary>
        public long DeleteBatch(IReadOnlyList<byte[]> keys)
        {
            Joined joined = Joined.Of(keys) ?? throw new ArgumentNullException(nameof(keys));
            UIntPtr deleted;
            Native.Error error = NewError();
            fixed (byte* bytes = joined.Bytes)
            fixed (ulong* offsets = joined.Offsets)
            {
                Check(
                    Native.syna_mmap_delete_batch(
                        handle.Value, bytes, offsets, (UIntPtr)keys.Count, &deleted, &error),
                    &error);
            }

            return (long)deleted;
        }

        /// <summary>
        /// Deletes all rows that meet the conditions of the options, all or none. Without conditions: all rows. Returns how
        /// many.
        /// </summary>
        public long DeleteWhere(SearchOptions conditions)
        {
            UIntPtr deleted;
            UIntPtr* room = &deleted;
            Find(null, conditions, (raw, error) => Native.syna_mmap_delete_where(handle.Value, raw, room, error));
            return (long)deleted;
        }

        /// <summary>
        /// Sets tags, payloads and values of existing keys, all or none; others are ignored. Empty tags, null payloads and
        /// columns that are left out: these stay as they are. An empty payload removes the old one. Vectors and Deletions are empty. Returns how many
        /// keys exist.
        /// </summary>
        public long Update(Rows rows)
        {
            int count = rows.Count;
            SynaMmapException.CheckLength(rows.Vectors.Length + rows.StoredVectors.Length, 0, Dimensions);
            CheckCounts(count, rows.Tags.Length, rows.Payloads);
            Joined keys = rows.JoinedKeys(), payloads = Joined.Of(rows.Payloads);
            UIntPtr updated;
            Native.Error error = NewError();
            using (PinnedColumns values = new PinnedColumns(rows.Columns, shape, count))
            fixed (Native.ColumnValues* columns = values.Raw)
            fixed (byte* keyBytes = keys.Bytes, payloadBytes = payloads?.Bytes)
            fixed (ulong* keyOffsets = keys.Offsets, payloadOffsets = payloads?.Offsets, tags = rows.Tags)
            {
                Native.Batch batch = new Native.Batch
                {
                    StructSize = (UIntPtr)sizeof(Native.Batch),
                    Keys = keyBytes,
                    KeyOffsets = keyOffsets,
                    Count = (UIntPtr)count,
                    Tags = tags,
                    Payloads = payloadBytes,

                    // No keys need no values.
                    PayloadOffsets = count == 0 ? keyOffsets : payloadOffsets,
                    DeleteCount = (UIntPtr)(rows.Deletions?.Count ?? 0),
                    Columns = columns,
                    ColumnCount = (UIntPtr)values.Raw.Length,
                };
                Check(Native.syna_mmap_update(handle.Value, &batch, &updated, &error), &error);
            }

            return (long)updated;
        }

        /// <summary>Sets the tags of a key; NotFound where there is no such key.</summary>
        public void SetTags(string key, ulong tags) => SetTags(Utf8.Key(key), tags);

        /// <summary>Sets the tags of a key; NotFound where there is no such key.</summary>
        public void SetTags(ReadOnlySpan<byte> keyBytes, ulong tags)
        {
            Native.Error error = NewError();
            fixed (byte* key = keyBytes)
            {
                Check(Native.syna_mmap_set_tags(handle.Value, key, (UIntPtr)keyBytes.Length, tags, &error), &error);
            }
        }

        /// <summary>Sets the payload of a key; an empty one removes it. NotFound where there is no such key.</summary>
        public void SetPayload(string key, ReadOnlySpan<byte> payload) => SetPayload(Utf8.Key(key), payload);

        /// <summary>Sets the payload of a key; an empty one removes it. NotFound where there is no such key.</summary>
        public void SetPayload(ReadOnlySpan<byte> keyBytes, ReadOnlySpan<byte> payload)
        {
            Native.Error error = NewError();
            fixed (byte* key = keyBytes, content = payload)
            {
                Check(
                    Native.syna_mmap_set_payload(
                        handle.Value, key, (UIntPtr)keyBytes.Length, content, (UIntPtr)payload.Length, &error),
                    &error);
            }
        }

        /// <summary>The file's user block; of a store opened read-only as of the opening or the last Refresh.</summary>
        public UserBlock GetUserBlock()
        {
            Native.UserBlock raw = default(Native.UserBlock);
            raw.StructSize = (UIntPtr)sizeof(Native.UserBlock);
            Native.Error error = NewError();
            Check(Native.syna_mmap_get_user_block(handle.Value, &raw, &error), &error);
            return new UserBlock
            {
                ApplicationId = raw.ApplicationId, UserVersion = raw.UserVersion, Label = Utf8.Text(raw.Label),
            };
        }

        /// <summary>Replaces the file's user block, and makes all writes so far safe from a power cut.</summary>
        public void SetUserBlock(UserBlock block)
        {
            Native.UserBlock raw = default(Native.UserBlock);
            raw.StructSize = (UIntPtr)sizeof(Native.UserBlock);
            raw.ApplicationId = block.ApplicationId;
            raw.UserVersion = block.UserVersion;
            new ReadOnlySpan<byte>(Utf8.Label(block.Label ?? string.Empty)).CopyTo(new Span<byte>(raw.Label, 72));
            Native.Error error = NewError();
            Check(Native.syna_mmap_set_user_block(handle.Value, &raw, &error), &error);
        }

        private static void CheckCounts(int count, int tags, IReadOnlyList<byte[]> payloads)
        {
            if ((tags != 0 && tags != count) || (payloads != null && payloads.Count != count))
            {
                throw new SynaMmapException(Status.InvalidArgument, "pass as many tags and payloads as keys, or none");
            }
        }
    }
}
