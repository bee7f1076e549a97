using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using SynaMmap;

/// <summary>The operations of cases.txt that go beyond insert and search.</summary>
internal sealed partial class Conformance
{
    // Of the last batch of searches.
    private Status[] statuses;

    private static ulong[] BitmapOf(string numbers)
    {
        List<ulong> bitmap = new List<ulong>();
        foreach (string number in numbers.Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries))
        {
            int row = int.Parse(number);
            while (bitmap.Count <= row / 64)
            {
                bitmap.Add(0);
            }

            bitmap[row / 64] |= 1UL << row % 64;
        }

        return bitmap.ToArray();
    }

    private static float DistanceOf(string word)
    {
        switch (word)
        {
            case "inf": return float.PositiveInfinity;
            case "nan": return float.NaN;
            default: return float.Parse(word, CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Results from the first on, compared with the lines that follow.</summary>
    private void CompareHits(Store searched, int first, int count)
    {
        int i = 0;
        for (; IsNext("hit"); i++, checkCount++)
        {
            Require(i < count, "no hit");
            Hit hit = results.At(first + i);
            Require(hit.Utf8Key.SequenceEqual(Words.BytesOf(words[1])), "key " + hit.Key);
            Require(Words.IsDistance(words[2], hit.Distance), "distance " + hit.Distance.ToString("R"));
            Require(hit.Row == ulong.Parse(words[3]), "row " + hit.Row);
            Require(hit.Tags == ulong.Parse(words[4]), "tags " + hit.Tags);
            Require(hit.Payload.SequenceEqual(Words.BytesOf(words[5])), "another payload");
            if (searched != null)
            {
                float[] kept = new float[searched.Dimensions];
                searched.Get(hit.Utf8Key, kept);
                Require(Words.IsSame(kept, hit.Vector), "another vector");
                Require(hit.Stored.Length == searched.VectorBytes, "another length");
            }
        }

        Require(i == 0 || i == count, "more hits than lines");
    }

    private SearchOptions OptionsOfSearch()
    {
        SearchOptions options = default(SearchOptions);
        foreach (string word in words.Where(word => word.Contains("=")))
        {
            string name = word.Split('=')[0];
            string text = word.Substring(name.Length + 1);
            switch (name)
            {
                case "ef": options.Ef = uint.Parse(text); break;
                case "exact": options.Exact = text != "0"; break;
                case "approximate": options.Approximate = text != "0"; break;
                case "max_visits": options.MaxVisits = ulong.Parse(text); break;
                case "tags_any": options.TagsAny = ulong.Parse(text); break;
                case "tags_all": options.TagsAll = ulong.Parse(text); break;
                case "tags_none": options.TagsNone = ulong.Parse(text); break;
                case "max_distance": options.MaxDistance = DistanceOf(text); break;
                case "after":
                    string[] parts = text.Split(',');
                    uint bits = uint.Parse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    options.After = (BitConverter.ToSingle(BitConverter.GetBytes(bits), 0), ulong.Parse(parts[1]));
                    break;
                case "prefix": options.Utf8KeyPrefix = Words.BytesOf(text); break;
                case "rows": options.RowBitmap = BitmapOf(text); break;
                case "ends":
                    byte[] ending = Words.BytesOf(text);
                    options.Condition = row => row.Utf8Key.EndsWith(ending);
                    break;
                case "deadline_us":
                    options.Deadline = TimeSpan.FromTicks((long)Math.Min(ulong.Parse(text), long.MaxValue / 10) * 10);
                    break;
                default: throw new InvalidDataException("an unknown option: " + word);
            }
        }

        return options;
    }

    private void SaidSearch(Action<Store, SearchOptions> search)
    {
        Store store = Store;
        SearchOptions options = OptionsOfSearch();
        bool isFound = SaidStatus(() =>
        {
            search(store, options);
            return results.IsPartial ? new object[] { results.Count, "partial" } : new object[] { results.Count };
        });
        if (isFound)
        {
            CompareHits(store, 0, results.Count);
        }
    }

    private void SearchBatch()
    {
        string[] queries = words.Skip(3).Where(word => !word.Contains("=")).ToArray();
        float[] vectors = queries.SelectMany(Words.VectorOf).ToArray();
        long k = long.Parse(words[2]);
        SaidSearch((store, options) => statuses = store.SearchBatch(vectors, queries.Length, k, results, options));
    }

    private void Query()
    {
        int query = int.Parse(words[1]);
        int count;
        int first = results.Query(query, out count);
        if (statuses[query] == Status.Ok)
        {
            Said("OK", count);
            CompareHits(null, first, count);
        }
        else
        {
            Said(ShortName(statuses[query]));
            Require(count == 0, "hits of a query that was refused");
        }
    }

    private void Iterate()
    {
        string[] firstLine = words;
        Store store = Store;
        List<object[]> rows = new List<object[]>();
        SaidValue(() =>
        {
            using (Cursor cursor = store.Rows(ulong.Parse(firstLine[2])))
            {
                foreach (Row row in cursor)
                {
                    Require(row.Stored.Length == store.VectorBytes, "another length");
                    rows.Add(new object[]
                    {
                        row.Utf8Key.ToArray(), row.Vector.ToArray(), row.Tags, row.Payload.ToArray(), row.Number,
                    });
                }
            }

            return rows.Count;
        });
        int i = 0;
        for (; IsNext("entry"); i++, checkCount++)
        {
            Require(i < rows.Count, "no entry");
            Require(((byte[])rows[i][0]).SequenceEqual(Words.BytesOf(words[1])), "another key");
            Require(Words.IsSame((float[])rows[i][1], Words.VectorOf(words[2])), "another vector");
            if (store.Element != Element.Float32)
            {
                float[] kept = new float[store.Dimensions];
                store.Get((byte[])rows[i][0], kept);
                Require(Words.IsSame((float[])rows[i][1], kept), "another vector by key");
            }

            Require((ulong)rows[i][2] == ulong.Parse(words[3]), "other tags");
            Require(((byte[])rows[i][3]).SequenceEqual(Words.BytesOf(words[4])), "another payload");
            Require((ulong)rows[i][4] == ulong.Parse(words[5]), "another row");
        }

        Require(i == 0 || i == rows.Count, "more rows than lines");
    }

    private object[] Numbers()
    {
        Stats stats = Store.GetStats();
        Dictionary<string, ulong> numbers = new Dictionary<string, ulong>
        {
            { "rows", stats.Rows },
            { "live_rows", stats.LiveRows },
            { "deleted_rows", stats.DeletedRows },
            { "indexed_rows", stats.IndexedRows },
            { "last_seq", stats.LastSeq },
        };
        return words.Skip(2).Select(name => (object)numbers[name]).ToArray();
    }

    /// <summary>The operations that ask a store; false: it is none of them.</summary>
    private bool Ask()
    {
        switch (words[0])
        {
            case "search":
                SaidSearch((store, options) =>
                    store.Search(Words.VectorOf(words[2]), long.Parse(words[3]), results, options));
                break;
            case "search_key":
                SaidSearch((store, options) => store.SearchKey(Key, long.Parse(words[3]), results, options));
                break;
            case "search_range":
                SaidSearch((store, options) =>
                    store.SearchRange(Words.VectorOf(words[2]), DistanceOf(words[3]), results, options));
                break;
            case "search_batch": SearchBatch(); break;
            case "query": Query(); break;
            case "iterate": Iterate(); break;
            case "stats": SaidStatus(Numbers); break;
            case "recall":
                SaidValue(() => Store.CheckRecall(int.Parse(words[2]), int.Parse(words[3]), 0, 1)
                    .ToString("F3", CultureInfo.InvariantCulture));
                break;
            default: return false;
        }

        return true;
    }

    /// <summary>The operations that keep a store in order, or open one elsewhere.</summary>
    private bool KeepInOrder()
    {
        string name = words.Length > 1 ? words[1] : null;
        switch (words[0])
        {
            case "index_step":
                SaidValue(() => Store.IndexStep(TimeSpan.FromTicks(10 * long.Parse(words[2]))));
                break;
            case "build_stop": SaidStatus(() => Store.BuildIndex((done, total) => false)); break;
            case "compact": SaidStatus(() => Store.Compact()); break;
            case "compact_stop": SaidStatus(() => Store.Compact((done, total) => false)); break;
            case "compact_steps":
                SaidStatus(() =>
                {
                    while (!Store.CompactStep(TimeSpan.Zero))
                    {
                    }
                });
                break;
            case "interrupt": SaidStatus(() => Store.Interrupt()); break;
            case "compact_cancel": SaidStatus(() => Store.CompactCancel()); break;
            case "refresh": SaidValue(() => YesNo(Store.Refresh())); break;
            case "snapshot": SaidStatus(() => Store.SnapshotTo(InFolder(words[2]))); break;
            case "open_in_memory":
                SaidStatus(() => { stores[name] = SynaMmap.Store.InMemory(OptionsOf(words.Skip(2))); });
                break;
            case "open_at":
                ulong length = (ulong)new FileInfo(InFolder(words[4])).Length;
                using (FileStream file = File.OpenRead(InFolder(words[2])))
                {
                    SaidStatus(() => { stores[name] = SynaMmap.Store.OpenAt(file, ulong.Parse(words[3]), length); });
                }

                break;
            case "pack":
                byte[] padding = new byte[int.Parse(words[3])];
                File.WriteAllBytes(InFolder(words[1]), padding.Concat(File.ReadAllBytes(InFolder(words[2]))).ToArray());
                break;
            default: return false;
        }

        return true;
    }
}
