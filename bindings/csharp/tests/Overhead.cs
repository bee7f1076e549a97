using System;
using System.Diagnostics;
using SynaMmap;

/// <summary>Prints how many ns one search call takes, in a store of one row, with results that are used again: Overhead STORE.</summary>
internal static class Overhead
{
    private const int Calls = 100000;
    private const int Rounds = 7;

    private static void Main(string[] arguments)
    {
        using (Store store = new Store(arguments[0], new StoreOptions { Dimensions = 64, Metric = Metric.Euclidean }))
        using (Results results = new Results())
        {
            float[] query = new float[64];
            query[0] = 1;
            store.Insert("key", query);
            double best = double.MaxValue;
            for (int round = 0; round < Rounds; round++)
            {
                Stopwatch watch = Stopwatch.StartNew();
                for (int i = 0; i < Calls; i++)
                {
                    store.Search(query, 1, results);
                }

                best = Math.Min(best, watch.Elapsed.TotalMilliseconds * 1e6 / Calls);
            }

            Console.WriteLine($"ns_per_search: {best:F0}");
        }
    }
}
