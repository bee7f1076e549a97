using System;
using System.IO;
using System.Linq;
using SynaMmap;

/// <summary>The lines of cases.txt, and what was said compared with them.</summary>
internal sealed partial class Conformance
{
    private static void Require(bool isSo, string what)
    {
        if (!isSo)
        {
            throw new InvalidDataException(what);
        }
    }

    private static string YesNo(bool answer) => answer ? "yes" : "no";

    private static string ShortName(Status status)
    {
        string name = SynaMmapException.NameOf(status);
        return name[0] == '(' ? "-" : name.Replace("SYNA_MMAP_", string.Empty).Replace("ERR_", string.Empty);
    }

    private bool Next()
    {
        while (number < lines.Length)
        {
            string line = lines[number++];
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            string[] all = line.Split(' ');
            int arrow = Array.IndexOf(all, "->");
            words = arrow < 0 ? all : all.Take(arrow).ToArray();
            expected = arrow < 0 ? new string[0] : all.Skip(arrow + 1).ToArray();
            return true;
        }

        return false;
    }

    private bool IsNext(string operation)
    {
        int before = number;
        if (Next() && words[0] == operation)
        {
            return true;
        }

        number = before;
        return false;
    }

    private void Said(params object[] answer)
    {
        string text = string.Join(" ", answer);
        Require(text == string.Join(" ", expected), "came out as " + text);
        checkCount++;
    }

    /// <summary>Compares the status of a call and the words that it returns; whether it is OK.</summary>
    private bool SaidStatus(Func<object[]> call)
    {
        object[] answer;
        try
        {
            answer = call();
        }
        catch (SynaMmapException failure)
        {
            Require(failure.Message.Length > 0, "an exception without a message");
            Said(ShortName(failure.Status));
            return false;
        }

        Said(new object[] { "OK" }.Concat(answer).ToArray());
        return true;
    }

    private bool SaidStatus(Action call)
    {
        return SaidStatus(() =>
        {
            call();
            return new object[0];
        });
    }

    private void SaidValue(Func<object> call) => SaidStatus(() => new[] { call() });

    /// <summary>The expected word, or another one where it is not the same.</summary>
    private object Compared(bool isSame, string what) => isSame ? expected[1] : "another " + what;
}
