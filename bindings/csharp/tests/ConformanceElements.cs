using System;
using System.Collections.Generic;
using System.Linq;
using SynaMmap;

/// <summary>The operations of cases.txt on how a store keeps keys and vectors.</summary>
internal sealed partial class Conformance
{
    private static readonly Dictionary<string, Element> Elements = new Dictionary<string, Element>
    {
        { "f32", Element.Float32 },
        { "f16", Element.Float16 },
        { "i8", Element.Int8 },
        { "from_file", Element.FromFile },
    };

    private static Element ElementOf(string word) =>
        Elements.TryGetValue(word, out Element element) ? element : (Element)uint.Parse(word);

    private static string NameOf(Element element) => Elements.Single(pair => pair.Value == element).Key;

    private object[] Viewed()
    {
        Row row = Store.View(Key);
        float[] kept = new float[Store.Dimensions];
        Store.Get(Key, kept);
        Require(Words.IsSame(row.Vector, kept), "another vector by key");
        bool isSame = row.Utf8Key.SequenceEqual(Key) && Words.IsSame(row.Vector, Words.VectorOf(expected[1]))
            && row.Payload.SequenceEqual(Words.BytesOf(expected[3]));
        object[] answer = { isSame ? expected[1] : "another row", row.Tags, expected[3], row.Number };
        if (expected.Length <= 5)
        {
            Require(Store.Element == Element.Float32, "a view in a store of another type");
            return answer;
        }

        bool isStored = row.Stored.SequenceEqual(Words.BytesOf(expected[6]));
        return answer.Concat(new object[] { NameOf(Store.Element), isStored ? expected[6] : "other bytes" }).ToArray();
    }

    private void WriteStored()
    {
        Store store = Store;
        string[] operation = words;
        List<string[]> given = Following("row", operation[4]);
        List<byte[]> payloads = Column(given, 4);
        byte[] vectors = given.SelectMany(line => Words.BytesOf(line[2])).ToArray();
        ulong[] tags = given.Select(line => ulong.Parse(line[3])).ToArray();
        SaidValue(() =>
        {
            Rows rows = new Rows
            {
                Utf8Keys = Column(given, 1),
                StoredVectors = vectors,
                VectorsElement = ElementOf(operation[3]),
                Tags = tags,
                Payloads = payloads.Any(payload => payload.Length > 0) ? payloads : null,
            };
            return store.Write(rows, operation[2] == "upsert" ? WriteMode.Upsert : WriteMode.Insert).Rows;
        });
    }

    private string HitVector(int index)
    {
        bool isSame = expected[0] != "none" && Words.IsSame(results.At(index).Vector, Words.VectorOf(expected[0]));
        return isSame ? expected[0] : "another vector";
    }

    private string HitStored(int index) =>
        results.At(index).Stored.SequenceEqual(Words.BytesOf(expected[0])) ? expected[0] : "other bytes";

    /// <summary>The operations of this file; false: it is none of them.</summary>
    private bool InElements()
    {
        switch (words[0])
        {
            case "element": Said(NameOf(Store.Element)); break;
            case "key_kind": Said(Store.KeyKind == KeyKindOf(expected[0]) ? expected[0] : Store.KeyKind.ToString()); break;
            case "vector_bytes": Said(Store.VectorBytes); break;
            case "batch_stored": WriteStored(); break;
            case "hit_vector":
                int hit = int.Parse(words[1]);
                Said(hit < results.Count ? HitVector(hit) : "none");
                break;
            case "hit_stored":
                int place = int.Parse(words[1]);
                Said(place < results.Count ? HitStored(place) : "none");
                break;
            default: return false;
        }

        return true;
    }
}
