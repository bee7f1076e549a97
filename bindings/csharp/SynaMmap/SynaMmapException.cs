using System;

namespace SynaMmap
{
    /// <summary>What went wrong. A number that is not here comes from a later library and is an error too.</summary>
    public enum Status
    {
        Ok = 0,
        InvalidArgument = 1,
        InvalidDimensions = 2,
        DimensionMismatch = 3,
        MetricMismatch = 4,
        InvalidVector = 5,
        InvalidKey = 6,
        NotFound = 7,
        Locked = 8,
        ReadOnly = 9,
        Corrupt = 10,
        UnsupportedVersion = 11,
        LegacyFormat = 12,
        Io = 13,
        NoSpace = 14,
        NoMemory = 15,
        InvalidHandle = 16,
        Poisoned = 17,
        Internal = 18,
        Cancelled = 19,
        Limit = 20,
        KeyKindMismatch = 21,
        LabelMismatch = 22,
        ElementMismatch = 23,
        ColumnsMismatch = 24,
    }

    /// <summary>A call failed. The message says what to do.</summary>
    public sealed class SynaMmapException : Exception
    {
        /// <summary>What went wrong.</summary>
        public Status Status { get; }

        /// <summary>The system's own number; 0 where the system was not at fault.</summary>
        public int OsErrno { get; }

        internal SynaMmapException(Status status, string message, int osErrno = 0, Exception inner = null)
            : base(message, inner)
        {
            Status = status;
            OsErrno = osErrno;
        }

        /// <summary>The C name of a status, such as "SYNA_MMAP_ERR_LOCKED".</summary>
        public static unsafe string NameOf(Status status)
        {
            return Utf8.Text(Native.syna_mmap_status_name((int)status));
        }

        /// <summary>Throws unless the status is OK.</summary>
        internal static unsafe void Check(int status, Native.Error* error)
        {
            if (status != (int)Status.Ok)
            {
                throw new SynaMmapException((Status)status, Utf8.Text(error->Message), error->OsErrno);
            }
        }

        internal static void CheckLength(int floats, long rows, int dimensions)
        {
            if (floats != rows * dimensions)
            {
                throw new SynaMmapException(
                    Status.DimensionMismatch,
                    $"the store has {dimensions} dimensions and {rows} vectors are needed, so pass {rows * dimensions} " +
                    $"floats, not {floats}");
            }
        }
    }
}
