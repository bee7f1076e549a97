using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SynaMmap;

/// <summary>Replays bindings/conformance/cases.txt, whose README.md describes it: Conformance CASES FOLDER.</summary>
internal sealed partial class Conformance
{
    private readonly string[] lines;
    private readonly string folder;
    private readonly Dictionary<string, Store> stores = new Dictionary<string, Store>();
    private Results results = new Results();
    private int number;
    private int caseCount;
    private int checkCount;
    private string[] words;
    private string[] expected;

    private Conformance(string cases, string folder)
    {
        lines = File.ReadAllText(cases).Split('\n');
        this.folder = folder;
    }

    private static int Main(string[] arguments)
    {
        Conformance replay = new Conformance(arguments[0], arguments[1]);
        try
        {
            while (replay.Next())
            {
                replay.Operate();
            }

            replay.CloseAll();
        }
        catch (Exception thrown)
        {
            Console.Error.WriteLine($"cases.txt:{replay.number}: {replay.lines[replay.number - 1]}: {thrown}");
            return 1;
        }

        Console.WriteLine($"conformance: {replay.caseCount} cases, {replay.checkCount} checks");
        return 0;
    }

    private Store Store => stores[words[1]];

    private byte[] Key => Words.BytesOf(words[2]);

    private string InFolder(string name) => Path.Combine(folder, name);

    private void CloseAll()
    {
        foreach (Store store in stores.Values)
        {
            store.Dispose();
        }

        stores.Clear();
        results.Dispose();
    }

    private void BeginCase()
    {
        CloseAll();
        foreach (string file in Directory.GetFiles(folder))
        {
            File.Delete(file);
        }

        results = new Results();
        caseCount++;
    }

    private static Metric MetricOf(string word)
    {
        switch (word)
        {
            case "cosine": return Metric.Cosine;
            case "euclidean": return Metric.Euclidean;
            case "dot_product": return Metric.DotProduct;
            case "from_file": return Metric.FromFile;
            default: return (Metric)uint.Parse(word);
        }
    }

    private static void Set(StoreOptions options, string word)
    {
        string[] sides = word.Split('=');
        if (IsSetLabel(options, sides[0], sides[1]))
        {
            return;
        }

        uint value = sides[0] == "metric" ? (uint)MetricOf(sides[1]) : uint.Parse(sides[1]);
        switch (sides[0])
        {
            case "metric": options.Metric = (Metric)value; break;
            case "dimensions": options.Dimensions = value; break;
            case "index_threshold": options.IndexThreshold = value; break;
            case "most_unindexed_rows": options.MostUnindexedRows = value; break;
            case "flags": options.Flags = (OpenFlags)value; break;
            case "durability": options.Durability = (Durability)value; break;
            case "threads": options.Threads = value; break;
            case "hnsw_m": options.HnswM = value; break;
            case "hnsw_ef_search": options.HnswEfSearch = value; break;
            case "index_profile": options.IndexProfile = (IndexProfile)value; break;
            case "index_worker": options.IndexWorker = value; break;
            case "fixed_ef": options.FixedEf = value; break;
            default: throw new InvalidDataException("an unknown option: " + word);
        }
    }

    private static StoreOptions OptionsOf(IEnumerable<string> chosen)
    {
        StoreOptions options = new StoreOptions
        {
            Dimensions = 64, Metric = Metric.Euclidean, IndexThreshold = 0, CheckpointIntervalSecs = 0,
        };
        foreach (string word in chosen)
        {
            Set(options, word);
        }

        return options;
    }

    private void Open()
    {
        StoreOptions options = OptionsOf(words.Skip(3));
        SaidStatus(() => { stores[words[1]] = new Store(InFolder(words[2]), options); });
    }

    private object Got()
    {
        float[] vector = new float[Store.Dimensions];
        Store.Get(Key, vector);
        return Compared(Words.IsSame(vector, Words.VectorOf(expected[1])), "vector");
    }

    private void Verify(bool isStopped)
    {
        Dictionary<Problem, string> names = new Dictionary<Problem, string>
        {
            { Problem.DamagedVector, "DAMAGED_VECTOR" },
            { Problem.Hidden, "HIDDEN" },
            { Problem.Unreachable, "UNREACHABLE" },
        };
        List<Finding> found = new List<Finding>();
        SaidValue(() => Store.Verify((finding, done, total) =>
        {
            if (finding != null)
            {
                found.Add(finding);
            }

            return !isStopped;
        }));
        int i = 0;
        for (; IsNext("finding"); i++, checkCount++)
        {
            Require(found[i].KeyBytes.SequenceEqual(Words.BytesOf(words[1])), "another key");
            Require(found[i].Row == ulong.Parse(words[2]) && names[found[i].Problem] == words[3], "another finding");
        }

        Require(isStopped || i == found.Count, "more findings than lines");
    }

    private void Replace()
    {
        byte[] content = File.ReadAllBytes(InFolder(words[1]));
        byte[] old = Words.BytesOf(words[2]);
        int place = new ReadOnlySpan<byte>(content).IndexOf(old);
        Require(place >= 0, "not in the file");
        Words.BytesOf(words[3]).CopyTo(content, place);
        File.WriteAllBytes(InFolder(words[1]), content);
    }

    private object[] Salvaged()
    {
        Salvaged counts = SynaMmap.Store.Salvage(InFolder(words[1]), InFolder(words[2]));
        return new object[] { counts.Rows, counts.Lost };
    }

    private void StatusOfNumber()
    {
        Status status = (Status)int.Parse(words[1]);
        string name = ShortName(status);
        Require(Enum.IsDefined(typeof(Status), status) == (name != "-"), "the enum differs from the library");
        string own = name == "-" ? name : string.Concat(status.ToString().Select((letter, i) =>
            (i > 0 && char.IsUpper(letter) ? "_" : string.Empty) + char.ToUpperInvariant(letter)));
        Require(own == name, $"{own} is {name} in C");
        Said(own);
    }

    private void Operate()
    {
        switch (words[0])
        {
            case "case": BeginCase(); break;
            case "open": Open(); break;
            case "close": SaidStatus(() => Store.Close()); break;
            case "checkpoint": SaidStatus(() => Store.Checkpoint()); break;
            case "flush": SaidStatus(() => Store.Flush()); break;
            case "build_index": SaidStatus(() => Store.BuildIndex()); break;
            case "reserve": SaidStatus(() => Store.Reserve(ulong.Parse(words[2]))); break;
            case "insert": SaidValue(() => YesNo(Store.Insert(Key, Words.VectorOf(words[3])))); break;
            case "upsert": SaidStatus(() => Store.Upsert(Key, Words.VectorOf(words[3]))); break;
            case "delete": SaidValue(() => YesNo(Store.Delete(Key))); break;
            case "get": SaidValue(Got); break;
            case "tags": SaidValue(() => Store.GetTags(Key)); break;
            case "payload":
                SaidValue(() => Compared(Store.GetPayload(Key).SequenceEqual(Words.BytesOf(expected[1])), "payload"));
                break;
            case "contains": Said(YesNo(Store.Contains(Key))); break;
            case "has_index": Said(YesNo(Store.HasIndex)); break;
            case "is_dirty": Said(YesNo(Store.IsDirty)); break;
            case "len": Said(Store.Count); break;
            case "dimensions": Said(Store.Dimensions); break;
            case "last_durable_seq": Said(Store.LastDurableSeq); break;
            case "metric": Said(Store.Metric == MetricOf(expected[0]) ? expected[0] : Store.Metric.ToString()); break;
            case "hits": Said(results.Count); CompareHits(null, 0, results.Count); break;
            case "verify": Verify(false); break;
            case "verify_stop": Verify(true); break;
            case "salvage": SaidStatus(Salvaged); break;
            case "status": StatusOfNumber(); break;
            case "file": File.WriteAllBytes(InFolder(words[1]), Key); break;
            case "replace": Replace(); break;
            case "limit_file_bytes": FileLimit.Set(ulong.Parse(words[1])); break;
            default: Require(Ask() || KeepInOrder() || ReadRows() || Write() || InElements(), "an unknown operation"); break;
        }
    }
}
