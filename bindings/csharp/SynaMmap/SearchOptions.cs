using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>Whether a row may be found.</summary>
    public delegate bool RowCondition(Row row);

    /// <summary>
    /// How a search is done, and which rows it may find: those that meet every condition. The default value has the
    /// library's defaults and no conditions.
    /// </summary>
    public struct SearchOptions
    {
        /// <summary>How many candidates to consider, up to twice as many on some data; 0: the store's. More is slower and finds more.</summary>
        public uint Ef { get; set; }

        /// <summary>Compare the query with every vector.</summary>
        public bool Exact { get; set; }

        /// <summary>Of a search within a distance: what the index finds, which may lack rows.</summary>
        public bool Approximate { get; set; }

        /// <summary>The time after which the best hits so far are answered; null: none.</summary>
        public TimeSpan? Deadline { get; set; }

        /// <summary>Rows after which a query's best hits so far are answered; 0: no bound.</summary>
        public ulong MaxVisits { get; set; }

        /// <summary>The largest distance of a hit; null: no limit.</summary>
        public float? MaxDistance { get; set; }

        /// <summary>
        /// The next page: what follows the hit with this distance and row, the last one of the page before. Null: from
        /// the nearest row on.
        /// </summary>
        public (float Distance, ulong Row)? After { get; set; }

        /// <summary>At least one of these tags; 0: no condition.</summary>
        public ulong TagsAny { get; set; }

        /// <summary>All of these tags; 0: no condition.</summary>
        public ulong TagsAll { get; set; }

        /// <summary>None of these tags; 0: no condition.</summary>
        public ulong TagsNone { get; set; }

        /// <summary>The key's first bytes, UTF-8; null: no condition.</summary>
        public byte[] Utf8KeyPrefix { get; set; }

        /// <summary>How the key begins; null: no condition.</summary>
        public string KeyPrefix
        {
            get => Utf8KeyPrefix == null ? null : System.Text.Encoding.UTF8.GetString(Utf8KeyPrefix);
            set => Utf8KeyPrefix = value == null ? null : Utf8.Key(value).ToArray();
        }

        /// <summary>Bit r % 64 of element r / 64 for row r; null: no condition, empty: no row passes.</summary>
        public ulong[] RowBitmap { get; set; }

        /// <summary>
        /// Asked last, by the searching thread; in a batch by several at once. What it throws comes out of the search.
        /// </summary>
        public RowCondition Condition { get; set; }

        internal unsafe Native.SearchOptions Raw()
        {
            Native.SearchOptions raw;
            Native.syna_mmap_search_options_init(&raw, (UIntPtr)sizeof(Native.SearchOptions));
            raw.Ef = Ef;
            raw.Exact = Exact ? 1u : 0u;
            raw.Approximate = Approximate ? 1u : 0u;
            raw.MaxVisits = MaxVisits;
            raw.TagsAny = TagsAny;
            raw.TagsAll = TagsAll;
            raw.TagsNone = TagsNone;
            if (Deadline.HasValue)
            {
                // 0 would mean none: a deadline that is over already counts as a microsecond.
                raw.DeadlineUs = (ulong)Math.Max(1L, Deadline.Value.Ticks / 10);
            }

            if (MaxDistance.HasValue)
            {
                raw.HasMaxDistance = 1;
                raw.MaxDistance = MaxDistance.Value;
            }

            if (After.HasValue)
            {
                raw.HasAfter = 1;
                raw.AfterDistance = After.Value.Distance;
                raw.AfterRow = After.Value.Row;
            }

            return raw;
        }
    }

    /// <summary>A condition under way, and what it has thrown.</summary>
    internal sealed unsafe class Asked
    {
        // Kept, since the library has no more than its address.
        private static readonly Callback Relay = Ask;
        private readonly RowCondition condition;
        private readonly Shape shape;
        private volatile ExceptionDispatchInfo thrown;

        internal Asked(RowCondition condition, Shape shape)
        {
            this.condition = condition;
            this.shape = shape;
        }

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate byte Callback(IntPtr context, Native.Row* row);

        internal static IntPtr Address { get; } = Marshal.GetFunctionPointerForDelegate(Relay);

        internal void Rethrow() => thrown?.Throw();

        // Nothing may be thrown into C.
        [MonoPInvokeCallback(typeof(Callback))]
        private static byte Ask(IntPtr context, Native.Row* row)
        {
            Asked asked = (Asked)GCHandle.FromIntPtr(context).Target;
            try
            {
                return asked.condition(new Row(*row, asked.shape, false)) ? (byte)1 : (byte)0;
            }
            catch (Exception problem)
            {
                asked.thrown = ExceptionDispatchInfo.Capture(problem);
                return 0;
            }
        }
    }
}
