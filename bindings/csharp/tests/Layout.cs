using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using SynaMmap;

/// <summary>
/// Compares the structs of Native*.cs with those of the C header, as include/abi.txt lists them: Layout ABI. The members
/// have other names, so that it is their places and sizes that are compared.
/// </summary>
internal static class Layout
{
    private static int Main(string[] arguments)
    {
        string[][] lines = File.ReadAllLines(arguments[0]).Select(line => line.Split(' ')).ToArray();
        Type[] structs = typeof(Store).Assembly.GetType("SynaMmap.Native").GetNestedTypes(BindingFlags.NonPublic);
        int compared = 0;
        foreach (Type mirrored in structs)
        {
            string name = "syna_mmap" + string.Concat(mirrored.Name.Select(
                letter => char.IsUpper(letter) ? "_" + char.ToLowerInvariant(letter) : letter.ToString()));
            string[] size = lines.FirstOrDefault(line => line[0] == "struct" && line[1] == name);
            if (size == null)
            {
                Console.Error.WriteLine($"{mirrored.Name} is no struct of the header");
                return 1;
            }

            string[] inC = lines.Where(line => line[0] == "member" && line[1].StartsWith(name + "."))
                .Select(line => $"{line[3].TrimEnd(',')}+{line[4]}").Append(size[2]).ToArray();
            string[] here = mirrored.GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
                .Select(field => $"{Marshal.OffsetOf(mirrored, field.Name)}+{SizeOf(field.FieldType)}")
                .Append(Marshal.SizeOf(mirrored).ToString()).ToArray();
            if (!inC.SequenceEqual(here))
            {
                Console.Error.WriteLine($"{name}: {string.Join(" ", inC)} in C, {string.Join(" ", here)} here");
                return 1;
            }

            compared++;
        }

        Console.WriteLine($"{compared} structs");
        return compared == 0 ? 1 : 0;
    }

    private static int SizeOf(Type type) => type.IsPointer ? IntPtr.Size : Marshal.SizeOf(type);
}
