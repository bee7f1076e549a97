using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using SynaMmap;

/// <summary>The operations that read rows without a search, and those on settings.</summary>
internal sealed partial class Conformance
{
    private bool IsPut()
    {
        byte[] payload = Words.BytesOf(words[5]);
        float[] vector = Words.VectorOf(words[3]);
        ulong tags = ulong.Parse(words[4]);
        if (words[6] == "insert")
        {
            return Store.PutNew(Key, vector, tags, payload);
        }

        Store.Put(Key, vector, tags, payload);
        return true;
    }

    private object[] GotBatch()
    {
        byte[][] keys = words.Skip(2).Select(Words.BytesOf).ToArray();
        int width = Store.Dimensions;
        float[] vectors = new float[keys.Length * width];
        bool[] found = Store.GetBatch(keys, vectors);
        for (int i = 0; i < keys.Length; i++)
        {
            float[] kept = new float[width];
            if (found[i])
            {
                Store.Get(keys[i], kept);
                Require(Words.IsSame(kept, vectors.Skip(i * width).Take(width).ToArray()), "another vector");
            }
        }

        return new object[] { found.Count(one => one) }.Concat(found.Select(one => (object)YesNo(one))).ToArray();
    }

    private object[] Listed()
    {
        ulong[] rows = new ulong[int.Parse(words[3])];
        int count = Store.RowsWhere(ulong.Parse(words[2]), rows, OptionsOfSearch());
        return rows.Take(count).Select(row => (object)row).ToArray();
    }

    private object Option()
    {
        StoreOptions options = Store.GetOptions();
        switch (words[2])
        {
            case "dimensions": return options.Dimensions;
            case "metric": return (uint)options.Metric;
            case "flags": return (uint)options.Flags;
            case "hnsw_ef_search": return options.HnswEfSearch;
            case "checkpoint_interval_secs": return options.CheckpointIntervalSecs;
            default: throw new InvalidDataException("an unknown option: " + words[2]);
        }
    }

    private void OpenMemory()
    {
        byte[] content = File.ReadAllBytes(InFolder(words[2]));

        // Not freed: the stores use it until the end.
        IntPtr memory = Marshal.AllocHGlobal(content.Length + 1);
        Marshal.Copy(content, 0, memory, content.Length);
        SaidStatus(() => { stores[words[1]] = SynaMmap.Store.OpenMemory(memory, (ulong)content.Length); });
    }

    /// <summary>The operations of this file; false: it is none of them.</summary>
    private bool ReadRows()
    {
        switch (words[0])
        {
            case "put": SaidValue(() => YesNo(IsPut())); break;
            case "view": SaidStatus(Viewed); break;
            case "row_of": SaidValue(() => Store.RowOf(Key)); break;
            case "row_at":
                SaidValue(() => Compared(
                    Store.RowAt(ulong.Parse(words[2])).Utf8Key.SequenceEqual(Words.BytesOf(expected[1])), "key"));
                break;
            case "get_batch": SaidStatus(GotBatch); break;
            case "count_where": SaidValue(() => Store.CountWhere(OptionsOfSearch())); break;
            case "rows_where": SaidStatus(Listed); break;
            case "distance":
                SaidValue(() =>
                {
                    float distance = Store.Distance(Words.VectorOf(words[2]), Words.VectorOf(words[3]));
                    return Compared(Words.IsDistance(expected[1], distance), "distance");
                });
                break;
            case "path": SaidValue(() => Store.Path == null ? "-" : Path.GetFileName(Store.Path)); break;
            case "option": SaidValue(Option); break;
            case "set_ef_search": SaidStatus(() => Store.SetEfSearch(uint.Parse(words[2]))); break;
            case "set_checkpoint_interval": SaidStatus(() => Store.SetCheckpointInterval(uint.Parse(words[2]))); break;
            case "open_memory": OpenMemory(); break;
            default: return false;
        }

        return true;
    }
}
