using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using SynaMmap;

/// <summary>The operations that write batches, update rows and set the user block.</summary>
internal sealed partial class Conformance
{
    /// <summary>Sets an option that says what is in a file; false if it is another one.</summary>
    private static bool IsSetLabel(StoreOptions options, string name, string value)
    {
        switch (name)
        {
            case "element": options.Element = ElementOf(value); return true;
            case "key_kind": options.KeyKind = KeyKindOf(value); return true;
            case "application_id": options.ApplicationId = uint.Parse(value); return true;
            case "user_version": options.UserVersion = uint.Parse(value); return true;
            case "label": options.Label = Text(value); return true;
            case "expected_label": options.ExpectedLabel = Text(value); return true;
            default: return false;
        }
    }

    private static KeyKind KeyKindOf(string word)
    {
        switch (word)
        {
            case "text": return KeyKind.Text;
            case "bytes": return KeyKind.Bytes;
            case "from_file": return KeyKind.FromFile;
            default: return (KeyKind)uint.Parse(word);
        }
    }

    private static string Text(string word) => Encoding.UTF8.GetString(Words.BytesOf(word));

    private static List<byte[]> Column(List<string[]> lines, int place) =>
        lines.Select(line => Words.BytesOf(line[place])).ToList();

    /// <summary>The words of that many lines that follow.</summary>
    private List<string[]> Following(string operation, string count)
    {
        string[] wanted = expected;
        List<string[]> all = new List<string[]>();
        while (all.Count < int.Parse(count))
        {
            Require(IsNext(operation), "a line is missing: " + operation);
            all.Add(words);
        }

        expected = wanted;
        return all;
    }

    private void WriteBatch()
    {
        Store store = Store;
        string[] operation = words;
        bool hasDeletions = operation.Length > 4;
        WriteMode mode = operation[2] == "upsert" ? WriteMode.Upsert : WriteMode.Insert;
        List<byte[]> deletions = Column(Following("key", hasDeletions ? operation[4] : "0"), 1);
        List<string[]> given = Following("row", operation[3]);
        List<byte[]> payloads = Column(given, 4);
        float[] vectors = given.SelectMany(line => Words.VectorOf(line[2])).ToArray();
        ulong[] tags = given.Select(line => ulong.Parse(line[3])).ToArray();
        SaidStatus(() =>
        {
            Rows rows = new Rows { Utf8Keys = Column(given, 1), Vectors = vectors };
            if (tags.Any(tag => tag != 0))
            {
                rows.Tags = tags;
            }

            if (payloads.Any(payload => payload.Length > 0))
            {
                rows.Payloads = payloads;
            }

            if (hasDeletions)
            {
                rows.Deletions = deletions;
                Written written = store.Write(rows, mode);
                return new object[] { written.Rows, written.Deleted };
            }

            return new object[] { mode == WriteMode.Upsert ? store.UpsertBatch(rows) : store.InsertBatch(rows) };
        });
    }

    private void Update()
    {
        Store store = Store;
        string what = words[2];
        List<string[]> given = Following("values", words[3]);
        SaidValue(() =>
        {
            Rows rows = new Rows { Utf8Keys = Column(given, 1) };
            if (what == "tags" || what == "both")
            {
                rows.Tags = given.Select(line => ulong.Parse(line[2])).ToArray();
            }

            if (what == "payloads" || what == "both")
            {
                rows.Payloads = Column(given, 3);
            }

            return store.Update(rows);
        });
    }

    private void DeleteBatch()
    {
        Store store = Store;
        List<byte[]> keys = Column(Following("key", words[2]), 1);
        SaidValue(() => store.DeleteBatch(keys));
    }

    private object[] UserBlockOf()
    {
        UserBlock block = Store.GetUserBlock();
        return new object[]
        {
            block.ApplicationId, block.UserVersion, block.Label == Text(expected[3]) ? expected[3] : block.Label,
        };
    }

    private bool Write()
    {
        switch (words[0])
        {
            case "batch": WriteBatch(); break;
            case "delete_batch": DeleteBatch(); break;
            case "delete_where": SaidValue(() => Store.DeleteWhere(OptionsOfSearch())); break;
            case "update": Update(); break;
            case "set_tags": SaidStatus(() => Store.SetTags(Key, ulong.Parse(words[3]))); break;
            case "set_payload": SaidStatus(() => Store.SetPayload(Key, Words.BytesOf(words[3]))); break;
            case "user_block": SaidStatus(UserBlockOf); break;
            case "set_user_block":
                SaidStatus(() => Store.SetUserBlock(new UserBlock
                {
                    ApplicationId = uint.Parse(words[2]), UserVersion = uint.Parse(words[3]), Label = Text(words[4]),
                }));
                break;
            default: return false;
        }

        return true;
    }
}
