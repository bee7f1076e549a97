using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SynaMmap;

/// <summary>Columns in C#'s types. Columns FOLDER.</summary>
internal static class Columns
{
    private static readonly Column[] All =
    {
        new Column("year", ColumnKind.Int64), new Column("tenant", ColumnKind.UInt64), new Column("price", ColumnKind.Double),
    };

    private static readonly string[] Keys = { "a", "b", "c", "d" };
    private static readonly long[] Years = { long.MinValue, 1999, 2020, 2024 };
    private static readonly ulong[] Tenants = { ulong.MaxValue, 0, 3, 0 };
    private static readonly double[] Prices = { 0.5, 1, -2.5, 1e300 };

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
            return failure.Status;
        }

        return Status.Ok;
    }

    private static StoreOptions Options(params Column[] columns) =>
        new StoreOptions { Dimensions = 64, Metric = Metric.Euclidean, Columns = columns };

    private static Rows FourRows(params ColumnValues[] columns) => new Rows
    {
        Keys = Keys, Vectors = Enumerable.Range(0, 4 * 64).Select(i => (float)(i % 67)).ToArray(), Columns = columns,
    };

    private static void Main(string[] arguments)
    {
        string path = Path.Combine(arguments[0], "columns");
        using (Store store = new Store(path, Options(All)))
        {
            // A column that is left out is 0. A part of an array has values too.
            ReadOnlyMemory<long> years = new ReadOnlyMemory<long>(new long[] { 5 }.Concat(Years).ToArray(), 1, 4);
            Rows rows = FourRows(new ColumnValues("price", Prices), new ColumnValues("year", years));
            Require(store.InsertBatch(rows) == 4 && store.GetValue("a", "tenant").UInt64 == 0, "four rows");
            rows = new Rows
            {
                Keys = new[] { "a", "nothing", "c" },
                Columns = new[] { new ColumnValues("tenant", new ulong[] { ulong.MaxValue, 7, 3 }) },
            };
            Require(store.Update(rows) == 2, "an update");
            Check(store);
            store.Compact();
            Check(store);
            Invalid(store);
            Check(store);
        }

        Require(Thrown(() => new Store(path, Options(All[0], All[1]))) == Status.ColumnsMismatch, "other columns");
        foreach (StoreOptions options in new[] { Options(), Options(null), Options(All) })
        {
            using (Store store = new Store(path, options))
            {
                Check(store);
            }
        }

        foreach (string name in new[] { null, string.Empty, "a\0b", new string('n', 33) })
        {
            StoreOptions options = Options(new Column(name, ColumnKind.Int64));
            Require(Thrown(() => Store.InMemory(options)) == Status.InvalidArgument, "the name " + name);
        }

        StoreOptions twice = Options(All[0], All[0]), unknown = Options(new Column("a", (ColumnKind)4));
        Require(Thrown(() => Store.InMemory(twice)) == Status.InvalidArgument, "one column twice");
        Require(Thrown(() => Store.InMemory(unknown)) == Status.InvalidArgument, "an unknown kind");
        string longest = new string('n', 32);
        using (Store store = Store.InMemory(Options(new Column(longest, ColumnKind.Double))))
        {
            Require(store.Columns.Single().Equals(new Column(longest, ColumnKind.Double)), "the longest name");
        }

        Require(Store.Hash64(string.Empty) == 0xcbf29ce484222325 && Store.Hash64("a") == 0xaf63dc4c8601ec8c, "hashes");
        Require(Store.Hash64(new[] { (byte)'a' }) == Store.Hash64("a"), "the hash of bytes");
    }

    private static bool IsRow(string key, Func<string, Value> value)
    {
        int i = Array.IndexOf(Keys, key);
        return value("year").Int64 == Years[i] && value("tenant").UInt64 == Tenants[i] && value("price").Double == Prices[i];
    }

    private static bool IsRow(Row row) => IsRow(row.Key, new Dictionary<string, Value>
    {
        { "year", row.GetValue("year") }, { "tenant", row.GetValue("tenant") }, { "price", row.GetValue("price") },
    }.GetValueOf);

    private static Value GetValueOf(this Dictionary<string, Value> values, string column) => values[column];

    private static void Check(Store store)
    {
        Require(store.Columns.SequenceEqual(All), string.Join("; ", store.Columns));
        int count = 0;
        using (Cursor cursor = store.Rows())
        {
            foreach (Row row in cursor)
            {
                count += IsRow(row) ? 1 : 0;
            }
        }

        Require(count == 4, "iteration");
        foreach (string key in Keys)
        {
            Require(IsRow(key, column => store.GetValue(key, column)), "by key");
            Row view = store.View(key), other = store.View("a");
            Require(IsRow(view) && IsRow(other) && IsRow(store.RowAt(view.Number)), "views");
        }

        using (Results results = new Results())
        {
            store.Search(new float[64], 9, results);
            Require(results.Count == 4, "four hits");
            foreach (Hit hit in results)
            {
                Value year = hit.GetValue("year"), tenant = hit.GetValue("tenant"), price = hit.GetValue("price");
                Require(IsRow(hit.Key, name => name == "year" ? year : name == "tenant" ? tenant : price), "a hit");
            }
        }

        SearchOptions recent = new SearchOptions { Condition = row => row.GetValue("year").Int64 >= 2020 };
        Require(store.CountWhere(recent) == 2, "a condition");
    }

    // What is wrong is refused, and nothing is written.
    private static void Invalid(Store store)
    {
        foreach (ColumnValues wrong in new[]
        {
            new ColumnValues("colour", Years), new ColumnValues("year", new long[3]), new ColumnValues("year", Tenants),
            new ColumnValues("price", new[] { 0, double.NaN, 1, 2 }), new ColumnValues("price", Years),
        })
        {
            Require(Thrown(() => store.UpsertBatch(FourRows(wrong))) == Status.InvalidArgument, "a write");
            Require(
                Thrown(() => store.Update(new Rows { Keys = Keys, Columns = new[] { wrong } })) == Status.InvalidArgument,
                "an update");
        }

        ColumnValues years = new ColumnValues("year", Years);
        Require(Thrown(() => store.UpsertBatch(FourRows(years, years))) == Status.InvalidArgument, "values twice");
        Require(Thrown(() => store.GetValue("a", "colour")) == Status.InvalidArgument, "no such column");
        Require(Thrown(() => store.GetValue("nothing", "year")) == Status.NotFound, "no such key");
        SearchOptions bad = new SearchOptions { Condition = row => row.GetValue("colour").UInt64 == 0 };
        Require(Thrown(() => store.CountWhere(bad)) == Status.InvalidArgument, "no such column of a row");
    }
}
