using System;
using System.Collections.Generic;
using System.IO;
using SynaMmap;

/// <summary>What C# has of its own; the meaning of the calls is Conformance.cs's. Behaviour FOLDER.</summary>
internal static class Behaviour
{
    private static void Require(bool isSo, string what)
    {
        if (!isSo)
        {
            throw new InvalidDataException(what);
        }
    }

    private static Status Thrown(Action call)
    {
        try
        {
            call();
        }
        catch (SynaMmapException failure)
        {
            Require(failure.Message.Length > 0, "an exception without a message");
            return failure.Status;
        }

        return Status.Ok;
    }

    private static void Main(string[] arguments)
    {
        string path = Path.Combine(arguments[0], "store");
        StoreOptions options = new StoreOptions { Dimensions = 64, Metric = Metric.Euclidean, IndexThreshold = 0 };
        Require(options.HnswM == 16, "the library's defaults");
        float[] vector = new float[64];
        using (Results results = new Results())
        {
            using (Store store = new Store(path, options))
            {
                for (int i = 0; i < 3000; i++)
                {
                    vector[0] = i;
                    Require(store.Insert("key" + i, vector), "a new key");
                }

                // Slices of larger arrays are vectors as they are.
                float[] large = new float[130];
                large[1] = 17;
                store.Search(new ReadOnlySpan<float>(large, 1, 64), 2, results);
                List<string> keys = new List<string>();
                foreach (Hit hit in results)
                {
                    keys.Add(hit.Key);
                    Require(hit.Vector.Length == 64 && hit.Payload.IsEmpty, "a view");
                }

                Require(string.Join(" ", keys) == "key17 key16", string.Join(" ", keys));

                // One that is too short is never read past its end.
                float[] wrong = new float[63];
                Require(Thrown(() => store.Insert("k", wrong)) == Status.DimensionMismatch, "short vector");
                Require(Thrown(() => store.Search(wrong, 1, results)) == Status.DimensionMismatch, "short query");
                Require(results.Count == 0, "no hits after a failed search");
                Require(Thrown(() => store.Get(new byte[1], wrong)) == Status.DimensionMismatch, "short room");
                Require(Thrown(() => store.InsertBatch(new Rows { Keys = new[] { "a", "b" }, Vectors = vector })) ==
                    Status.DimensionMismatch, "short batch");
                Require(Thrown(() => store.Insert("\ud800", vector)) == Status.InvalidKey, "half a character");
                Require(Thrown(() => new Store("a\0b")) == Status.InvalidArgument, "a NUL in a path");
                Require(Thrown(() => new Store(path, options)) == Status.Locked, "locked");

                // What a callback throws comes out of Verify.
                store.BuildIndex();
                Require(store.Verify() == 0, "a whole store");
                bool isCaught = false;
                try
                {
                    store.Verify((finding, done, total) => { throw new InvalidOperationException("mine"); });
                }
                catch (InvalidOperationException mine)
                {
                    isCaught = mine.Message == "mine";
                }

                Require(isCaught, "the callback's exception");
                Require(Thrown(() => store.Verify((finding, done, total) => false)) == Status.Cancelled, "cancelled");

                // So it leaves a condition, which can be asked again.
                SearchOptions moody = new SearchOptions { Condition = row => { throw new InvalidOperationException(row.Key); } };
                isCaught = false;
                try
                {
                    store.Search(vector, 1, results, moody);
                }
                catch (InvalidOperationException mine)
                {
                    isCaught = mine.Message.StartsWith("key") && results.Count == 0;
                }

                Require(isCaught, "the condition's exception");
                SearchOptions some = new SearchOptions
                {
                    KeyPrefix = "key1", RowBitmap = new[] { ulong.MaxValue }, Condition = row => row.Vector.Length == 64,
                };
                store.Search(vector, 100, results, some);
                Require(results.Count == 11, "key1 and key10 to key19");

                // So it leaves DeleteWhere, and nothing is deleted.
                ulong before = store.Count;
                isCaught = false;
                try
                {
                    store.DeleteWhere(moody);
                }
                catch (InvalidOperationException)
                {
                    isCaught = store.Count == before;
                }

                Require(isCaught, "the condition's exception");

                // Keys of bytes, a label, and a batch with deletions.
                StoreOptions bytes = new StoreOptions { Dimensions = 64, KeyKind = KeyKind.Bytes, Label = "model-1" };
                using (Store memory = Store.InMemory(bytes))
                {
                    byte[] key = { 0xFF, 0x00, 0xFE };
                    Require(memory.Insert(key, vector), "a new key");
                    memory.Search(vector, 1, results);
                    Require(results.At(0).Utf8Key.SequenceEqual(key), "the bytes of the key");
                    Require(memory.GetUserBlock().Label == "model-1", "the label");
                    foreach (string label in new[] { new string('m', 65), "a\0b" })
                    {
                        UserBlock block = new UserBlock { Label = label };
                        Require(Thrown(() => memory.SetUserBlock(block)) == Status.InvalidArgument, "a bad label");
                    }

                    memory.SetTags(key, 4);
                    Require(memory.GetTags(key) == 4, "the tags");
                    Written written = memory.Write(new Rows { Deletions = new[] { key } }, WriteMode.Insert);
                    Require(written.Rows == 0 && written.Deleted == 1 && memory.Count == 0, "one deletion");
                }

                ElementTypes(Path.Combine(arguments[0], "integers"));

                // The log is heard, and a cursor outlives what it was made of.
                List<string> heard = new List<string>();
                Log.SetListener(LogLevel.Info, (level, text) => { lock (heard) { heard.Add(text); } });
                Cursor cursor;
                using (Store memory = Store.InMemory(new StoreOptions { Dimensions = 64 }))
                {
                    memory.Insert("one", vector);
                    memory.BuildIndex((done, total) => done <= total);
                    cursor = memory.Rows();
                }

                Log.SetListener(LogLevel.Error, null);
                Require(heard.Exists(text => text.Contains("built an index of 1 rows")), string.Join("; ", heard));
                Require(cursor.MoveNext() && cursor.Current.Key == "one" && !cursor.MoveNext(), "one row");
                cursor.Dispose();
                Require(Thrown(() => cursor.MoveNext()) == Status.InvalidHandle, "a cursor that was disposed of");

                store.Search(vector, 1, results);
                store.Close();
                Require(store.Count == 0 && Thrown(store.Checkpoint) == Status.InvalidHandle, "closed");
                Require(results.At(0).Key == "key2999", "results outlive their store");
            }

            Forget(path, options);
            for (DateTime began = DateTime.UtcNow; ;)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                if (Thrown(() => new Store(path, options).Dispose()) == Status.Ok)
                {
                    break;
                }

                Require((DateTime.UtcNow - began).TotalSeconds < 10, "a forgotten store is closed");
            }
        }
    }

    // Stores whose vectors are stored in fewer bytes than floats have.
    private static void ElementTypes(string path)
    {
        float[] vector = new float[66], kept = new float[66];
        foreach (Element element in new[] { Element.Float16, Element.Int8 })
        {
            Cursor cursor;
            int width = element == Element.Int8 ? 72 : 132;
            StoreOptions options = new StoreOptions { Dimensions = 66, Metric = Metric.Euclidean, Element = element };
            using (Results results = new Results())
            {
                using (Store store = Store.InMemory(options))
                {
                    Require(store.Element == element && store.VectorBytes == width && store.KeyKind == KeyKind.Text, "facts");
                    Require(store.GetOptions().Element == element, "options in effect");
                    for (int i = 0; i < vector.Length; i++)
                    {
                        vector[i] = (float)Math.Sin(i);
                    }

                    store.Insert("one", vector);
                    store.Get(new[] { (byte)'o', (byte)'n', (byte)'e' }, kept);
                    Require(!kept.AsSpan().SequenceEqual(vector), "rounded");

                    // A condition sees floats, and so do rows that outlive their key and their store.
                    SearchOptions same = new SearchOptions
                    {
                        Condition = row => row.Vector.SequenceEqual(kept) && row.Stored.Length == width,
                    };
                    store.Search(vector, 2, results, same);
                    Require(results.Count == 1, "a condition");
                    Require(store.View("one").Vector.SequenceEqual(kept), "a view");
                    Require(store.View("one").Stored.SequenceEqual(results.At(0).Stored), "the bytes of a view");
                    Require(store.RowAt(0).Vector.SequenceEqual(kept), "a row");
                    EveryNumber(store);
                    StoredVectors(store, width);
                    cursor = store.Rows();
                    store.Delete("one");
                }

                Require(results.At(0).Vector.SequenceEqual(kept) && results.At(0).Stored.Length == width, "a hit");
                Require(cursor.MoveNext() && cursor.Current.Vector.SequenceEqual(kept), "the row of a cursor");
                cursor.Dispose();
            }
        }

        StoreOptions integers = new StoreOptions { Dimensions = 64, Element = Element.Int8 };
        new Store(path, integers).Close();
        Require(Thrown(() => new Store(path, new StoreOptions { Dimensions = 64 })) == Status.ElementMismatch, "mismatch");
        integers.Element = Element.FromFile;
        using (Store store = new Store(path, integers))
        {
            Require(store.Element == Element.Int8, "as in the file");
        }
    }

    // What a binding decodes is what the library decodes: all 16-bit floats, or all integers.
    private static void EveryNumber(Store store)
    {
        byte[] stored = new byte[store.VectorBytes], key = { (byte)'n' };
        float[] kept = new float[66];
        for (int number = 0; number < 0x10000; number += 66)
        {
            for (int i = 0; i < 66; i++)
            {
                int half = (number + i) & 0xFFFF;
                half = (half & 0x7C00) == 0x7C00 ? 0 : half;
                if (store.Element == Element.Float16)
                {
                    stored[2 * i] = (byte)half;
                    stored[(2 * i) + 1] = (byte)(half >> 8);
                }
                else
                {
                    stored[i] = (byte)half == 128 ? (byte)0 : (byte)half;
                }
            }

            if (store.Element == Element.Int8)
            {
                // A scale from the least on.
                stored[68] = 1;
                stored[70] = (byte)(number >> 8);
                stored[71] = (byte)(number % 126);
            }

            store.UpsertBatch(new Rows { Utf8Keys = new[] { key }, StoredVectors = stored, VectorsElement = store.Element });
            store.Get(key, kept);
            Row view = store.View(key);
            Require(view.Stored.SequenceEqual(stored) && view.Vector.SequenceEqual(kept), "a number from " + number);
        }
    }

    private static void StoredVectors(Store store, int width)
    {
        ulong before = store.Count;
        Element other = store.Element == Element.Int8 ? Element.Float16 : Element.Int8;
        Require(WrittenAs(store, store.Element, (2 * width) - 1) == Status.DimensionMismatch, "a byte is missing");
        Require(WrittenAs(store, store.Element, 0) == Status.DimensionMismatch, "no vectors");
        Require(WrittenAs(store, Element.Float32, 2 * width) == Status.DimensionMismatch, "floats of another length");
        Require(WrittenAs(store, other, 2 * width) == Status.ElementMismatch, "another type");
        Require(WrittenAs(store, (Element)99, 2 * width) == Status.InvalidArgument, "no type");
        Require(
            Thrown(() => store.InsertBatch(new Rows
            {
                Keys = new[] { "a" }, Vectors = new float[66], VectorsElement = store.Element,
            })) == Status.InvalidArgument,
            "floats that are said to be something else");
        Require(store.Count == before, "nothing was written");
        Require(WrittenAs(store, store.Element, 2 * width) == Status.Ok && store.Count == before + 2, "two rows");
    }

    // Two rows of zeros, at an odd address.
    private static Status WrittenAs(Store store, Element element, int length) => Thrown(() => store.InsertBatch(new Rows
    {
        Keys = new[] { "a", "b" },
        StoredVectors = new ReadOnlySpan<byte>(new byte[length + 1], 1, length),
        VectorsElement = element,
    }));

    // In a method of its own, so that nothing on the stack keeps the store.
    private static void Forget(string path, StoreOptions options)
    {
        System.Threading.Thread thread = new System.Threading.Thread(() => new Store(path, options).Flush());
        thread.Start();
        thread.Join();
    }
}
