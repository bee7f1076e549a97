using System;
using System.Globalization;
using System.IO;
using SynaMmap;

/// <summary>
/// Stores 6,000 entries of WordNet and finds those that are nearest to some glosses.
/// Wordnet [DATA_FOLDER [STORE]]: from the repository, examples/data and a temporary file.
/// </summary>
internal static class Wordnet
{
    private const int Dimensions = 384;
    private const int Nearest = 3;

    private static void Main(string[] arguments)
    {
        string data = arguments.Length > 0 ? arguments[0] : "examples/data";
        string path = arguments.Length > 1
            ? arguments[1]
            : Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())).FullName, "wordnet.syna");
        float[] rows = Vectors(Path.Combine(data, "wordnet-384.f16"));
        float[] queries = Vectors(Path.Combine(data, "queries-384.f16"));
        string[] keys = File.ReadAllLines(Path.Combine(data, "wordnet-keys.txt"));
        string[] texts = File.ReadAllLines(Path.Combine(data, "queries.txt"));

        using (Store store = new Store(path, new StoreOptions { Dimensions = Dimensions, IndexThreshold = 0 }))
        using (Results results = new Results())
        {
            store.InsertBatch(new Rows { Keys = keys, Vectors = rows });
            store.BuildIndex();
            for (int i = 0; i < texts.Length; i++)
            {
                Console.WriteLine(texts[i]);
                store.Search(new ReadOnlySpan<float>(queries, i * Dimensions, Dimensions), Nearest, results);
                foreach (Hit hit in results)
                {
                    Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "  {0:F3}  {1}", hit.Distance, hit.Key));
                }
            }

            store.Close();
        }
    }

    // Rows of half-precision floats, without a header.
    private static float[] Vectors(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        float[] vectors = new float[bytes.Length / 2];
        for (int i = 0; i < vectors.Length; i++)
        {
            vectors[i] = FromHalf(bytes[2 * i] | bytes[(2 * i) + 1] << 8);
        }

        return vectors;
    }

    // IEEE 754 half precision.
    private static float FromHalf(int bits)
    {
        int exponent = bits >> 10 & 31, fraction = bits & 1023;
        double size = exponent == 0 ? fraction * Math.Pow(2, -24) : (fraction + 1024) * Math.Pow(2, exponent - 25);
        return (float)(bits >> 15 != 0 ? -size : size);
    }
}
