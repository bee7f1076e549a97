using System;

namespace SynaMmap
{
    /// <summary>How near two vectors are; smaller distances are nearer, whatever it is.</summary>
    public enum Metric : uint
    {
        Cosine = 0,
        Euclidean = 1,
        DotProduct = 2,

        /// <summary>For opening only: as in the existing file.</summary>
        FromFile = uint.MaxValue,
    }

    /// <summary>How a file is opened.</summary>
    [Flags]
    public enum OpenFlags : uint
    {
        None = 0,
        ReadOnly = 1,
        MustExist = 2,
        MustCreate = 4,
        Verify = 8,
        Damaged = 16,

        /// <summary>Accept 1 to 63 dimensions.</summary>
        SmallDimensions = 32,
    }

    /// <summary>When a write is safe from a power cut.</summary>
    public enum Durability : uint
    {
        /// <summary>From the next checkpoint on.</summary>
        Process = 0,

        /// <summary>When it returns.</summary>
        Batch = 1,
    }

    /// <summary>How much memory the index takes, and how fast it is.</summary>
    public enum IndexProfile : uint
    {
        Fast = 0,
        Compact = 1,
    }

    /// <summary>What keys are; fixed when the file is made.</summary>
    public enum KeyKind : uint
    {
        /// <summary>UTF-8: strings.</summary>
        Text = 0,

        /// <summary>Any bytes, which are passed and read as spans.</summary>
        Bytes = 1,

        /// <summary>For opening only: as in the existing file.</summary>
        FromFile = uint.MaxValue,
    }

    /// <summary>What a store is opened with; a new one has the library's defaults.</summary>
    public sealed class StoreOptions
    {
        internal Native.Options Raw;

        /// <summary>Everything that is fixed when a file is made is taken from the file.</summary>
        internal static StoreOptions AsInFile() => new StoreOptions
        {
            Dimensions = 0, Metric = Metric.FromFile, KeyKind = KeyKind.FromFile, Element = Element.FromFile,
        };

        public unsafe StoreOptions()
        {
            fixed (Native.Options* raw = &Raw)
            {
                Native.syna_mmap_options_init(raw, (UIntPtr)sizeof(Native.Options));
            }
        }

        /// <summary>Floats in a vector, 64 to 8,192, or from 1 on with OpenFlags.SmallDimensions; 0: as in the existing file. Default 768.</summary>
        public uint Dimensions { get => Raw.Dimensions; set => Raw.Dimensions = value; }

        /// <summary>Fixed when the file is made. Default Cosine.</summary>
        public Metric Metric { get => (Metric)Raw.Metric; set => Raw.Metric = (uint)value; }

        /// <summary>Vectors to plan for; takes no space by itself.</summary>
        public ulong InitialCapacity { get => Raw.InitialCapacity; set => Raw.InitialCapacity = value; }

        /// <summary>Vectors at which a write makes the index; 0: only BuildIndex and IndexStep do.</summary>
        public ulong IndexThreshold { get => Raw.IndexThreshold; set => Raw.IndexThreshold = value; }

        /// <summary>Seconds between the checkpoints that writes make; 0: only when asked and at close.</summary>
        public uint CheckpointIntervalSecs
        {
            get => Raw.CheckpointIntervalSecs;
            set => Raw.CheckpointIntervalSecs = value;
        }

        /// <summary>How the file is opened. Default: read and write, create if there is no file.</summary>
        public OpenFlags Flags { get => (OpenFlags)Raw.Flags; set => Raw.Flags = (uint)value; }

        /// <summary>When a write is safe from a power cut. Default Process.</summary>
        public Durability Durability { get => (Durability)Raw.Durability; set => Raw.Durability = (uint)value; }

        /// <summary>
        /// Threads that an index build or a batch search may use, the calling one among them; with 1 or more, another one
        /// writes batches of 2 MiB and more, and reads a large index while an open reads the keys. Default 0: none.
        /// </summary>
        public uint Threads { get => Raw.Threads; set => Raw.Threads = value; }

        /// <summary>Half of HnswMMax where that is 0; without effect otherwise.</summary>
        public uint HnswM { get => Raw.HnswM; set => Raw.HnswM = value; }

        /// <summary>The index's links of a row; 0: 2 * HnswM.</summary>
        public uint HnswMMax { get => Raw.HnswMMax; set => Raw.HnswMMax = value; }

        /// <summary>Candidates that are looked at for a node's links.</summary>
        public uint HnswEfConstruction { get => Raw.HnswEfConstruction; set => Raw.HnswEfConstruction = value; }

        /// <summary>Candidates of a search that sets no Ef, or more if the index needs more.</summary>
        public uint HnswEfSearch { get => Raw.HnswEfSearch; set => Raw.HnswEfSearch = value; }

        /// <summary>The same rows, options and seed give the same index.</summary>
        public ulong Seed { get => Raw.Seed; set => Raw.Seed = value; }

        /// <summary>Rows that a write may leave out of an index that comes by itself.</summary>
        public ulong MostUnindexedRows { get => Raw.MostUnindexedRows; set => Raw.MostUnindexedRows = value; }

        /// <summary>How much memory the index takes, and how fast it is. Default Fast.</summary>
        public IndexProfile IndexProfile { get => (IndexProfile)Raw.IndexProfile; set => Raw.IndexProfile = (uint)value; }

        /// <summary>1: a thread of the store's own takes rows into an index that comes by itself. Default 0.</summary>
        public uint IndexWorker { get => Raw.IndexWorker; set => Raw.IndexWorker = value; }

        /// <summary>1: a search that names no ef takes HnswEfSearch candidates, whatever it finds with them. Default 0.</summary>
        public uint FixedEf { get => Raw.FixedEf; set => Raw.FixedEf = value; }

        /// <summary>Fixed when the file is made. Default Text.</summary>
        public KeyKind KeyKind { get => (KeyKind)Raw.KeyKind; set => Raw.KeyKind = (uint)value; }

        /// <summary>How components are stored; fixed when the file is made. Default Float32.</summary>
        public Element Element { get => (Element)Raw.Element; set => Raw.Element = (uint)value; }

        /// <summary>Of a new file: tells which application it belongs to. Default 0.</summary>
        public uint ApplicationId { get => Raw.ApplicationId; set => Raw.ApplicationId = value; }

        /// <summary>Of a new file: the version of the application's data. Default 0.</summary>
        public uint UserVersion { get => Raw.UserVersion; set => Raw.UserVersion = value; }

        /// <summary>
        /// Of a new file: what the vectors are, for example the name of the embedding model; at most 64 bytes of UTF-8.
        /// </summary>
        public string Label { get; set; }

        /// <summary>The label that an existing file must have; null: any.</summary>
        public string ExpectedLabel { get; set; }

        /// <summary>
        /// Of a new file: its columns, at most 16. An existing file with others is ColumnsMismatch; null or empty: any.
        /// </summary>
        public Column[] Columns { get; set; }
    }
}
