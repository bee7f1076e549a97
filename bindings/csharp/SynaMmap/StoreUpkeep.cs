using System;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace SynaMmap
{
    /// <summary>A store in numbers; the C header says more of each.</summary>
    public readonly struct Stats
    {
        private readonly Native.Stats raw;

        internal Stats(Native.Stats raw)
        {
            this.raw = raw;
        }

        public ulong Rows => raw.Rows;

        public ulong LiveRows => raw.LiveRows;

        public ulong DeletedRows => raw.DeletedRows;

        public ulong FileBytes => raw.FileBytes;

        public ulong VectorBytes => raw.VectorBytes;

        public ulong LogBytes => raw.LogBytes;

        public ulong SlackBytes => raw.SlackBytes;

        public ulong IndexBytes => raw.IndexBytes;

        public ulong ReplacedBytes => raw.ReplacedBytes;

        public ulong IndexedRows => raw.IndexedRows;

        public ulong Generation => raw.Generation;

        public ulong LastSeq => raw.LastSeq;

        public ulong DurableSeq => raw.DurableSeq;

        public bool HasIndex => raw.HasIndex != 0;

        public uint DefaultEf => raw.DefaultEf;

        public double IndexRecall => raw.IndexRecall;

        public double SecsSinceCheckpoint => raw.SecsSinceCheckpoint;
    }

    public sealed unsafe partial class Store
    {
        // Kept, since the library has no more than its address.
        private static readonly ProgressCallback ProgressRelay = TellProgress;
        private static readonly IntPtr ProgressAddress = Marshal.GetFunctionPointerForDelegate(ProgressRelay);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate byte ProgressCallback(IntPtr context, ulong done, ulong total);

        private delegate int LongCall(IntPtr callback, IntPtr context, Native.Error* error);

        /// <summary>Makes a store without a file, for tests and caches.</summary>
        public static Store InMemory(StoreOptions options = null)
        {
            IntPtr opened;
            StoreOptions chosen = options ?? new StoreOptions();
            Native.Options raw = chosen.Raw;
            Native.Error error = NewError();
            fixed (byte* label = Utf8.Label(chosen.Label), expectedLabel = Utf8.Label(chosen.ExpectedLabel))
            fixed (Native.Column* columns = RawColumns(chosen.Columns))
            {
                raw.Columns = columns;
                raw.ColumnCount = (UIntPtr)(chosen.Columns?.Length ?? 0);
                raw.Label = label;
                raw.ExpectedLabel = expectedLabel;
                SynaMmapException.Check(Native.syna_mmap_open_in_memory(&raw, &opened, &error), &error);
            }

            return new Store(opened);
        }

        /// <summary>
        /// Opens a store that lies inside a larger file, for reading; the stream may be closed at once. An index length of
        /// 0: there is none. Not on Windows.
        /// </summary>
        public static Store OpenAt(
            FileStream file, ulong offset, ulong length, ulong indexOffset = 0, ulong indexLength = 0,
            StoreOptions options = null)
        {
            IntPtr opened;
            StoreOptions chosen = options ?? StoreOptions.AsInFile();
            Native.Options raw = chosen.Raw;
            Native.Error error = NewError();
            int descriptor = file.SafeFileHandle.DangerousGetHandle().ToInt32();
            fixed (byte* label = Utf8.Label(chosen.Label), expectedLabel = Utf8.Label(chosen.ExpectedLabel))
            fixed (Native.Column* columns = RawColumns(chosen.Columns))
            {
                raw.Columns = columns;
                raw.ColumnCount = (UIntPtr)(chosen.Columns?.Length ?? 0);
                raw.Label = label;
                raw.ExpectedLabel = expectedLabel;
                int status = Native.syna_mmap_open_at(
                    descriptor, offset, length, indexOffset, indexLength, &raw, &opened, &error);
                GC.KeepAlive(file);
                SynaMmapException.Check(status, &error);
            }

            return new Store(opened);
        }

        /// <summary>Counts.</summary>
        public Stats GetStats()
        {
            Native.Stats raw = default(Native.Stats);
            raw.StructSize = (UIntPtr)sizeof(Native.Stats);
            Native.Error error = NewError();
            Check(Native.syna_mmap_get_stats(handle.Value, &raw, &error), &error);
            return new Stats(raw);
        }

        /// <summary>Moves a store that was opened ReadOnly on to its file's newest state; whether that is another.</summary>
        public bool Refresh()
        {
            byte changed;
            Native.Error error = NewError();
            Check(Native.syna_mmap_refresh(handle.Value, &changed, &error), &error);
            return changed != 0;
        }

        /// <summary>
        /// As BuildIndex; `tell` is told how many rows of how many are done, and returns false to stop, which is Cancelled.
        /// What it throws comes out of here. The same below.
        /// </summary>
        public void BuildIndex(Func<ulong, ulong, bool> tell) => Long(
            tell, (callback, context, error) =>
                Native.syna_mmap_build_index_with(handle.Value, callback, context, error));

        /// <summary>Takes rows into the index for about so long; how many are left.</summary>
        public ulong IndexStep(TimeSpan budget)
        {
            ulong left;
            Native.Error error = NewError();
            Check(Native.syna_mmap_index_step(handle.Value, Micros(budget), &left, &error), &error);
            return left;
        }

        /// <summary>Gives back the disk space of deleted rows: a new file takes the old one's place. Rows are renumbered.</summary>
        public void Compact(Func<ulong, ulong, bool> tell = null) => Long(
            tell, (callback, context, error) => Native.syna_mmap_compact(handle.Value, callback, context, error));

        /// <summary>Does a part of Compact, for about so long; whether it is done.</summary>
        public bool CompactStep(TimeSpan budget)
        {
            byte done;
            Native.Error error = NewError();
            Check(Native.syna_mmap_compact_step(handle.Value, Micros(budget), &done, &error), &error);
            return done != 0;
        }

        /// <summary>Ends the long calls that other threads have on the store, soon: they throw with the status Cancelled.
        /// Searches have deadlines, and go on.</summary>
        public void Interrupt()
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_interrupt(handle.Value, &error), &error);
        }

        /// <summary>Gives up a compaction that CompactStep has begun.</summary>
        public void CompactCancel()
        {
            Native.Error error = NewError();
            Check(Native.syna_mmap_compact_cancel(handle.Value, &error), &error);
        }

        /// <summary>Writes the live rows of this moment into a new file: a backup.</summary>
        public void SnapshotTo(string path, Func<ulong, ulong, bool> tell = null)
        {
            fixed (byte* name = Utf8.Path(path))
            {
                byte* address = name;
                Long(tell, (callback, context, error) =>
                    Native.syna_mmap_snapshot_to(handle.Value, address, callback, context, error));
            }
        }

        /// <summary>Which share of the nearest the index finds, measured on so many stored vectors.</summary>
        public double CheckRecall(int samples, int k, uint ef = 0, ulong seed = 0)
        {
            double recall;
            Native.Error error = NewError();
            Check(
                Native.syna_mmap_check_recall(
                    handle.Value, (UIntPtr)samples, (UIntPtr)k, ef, seed, &recall, &error),
                &error);
            return recall;
        }

        private static ulong Micros(TimeSpan budget) => (ulong)Math.Max(0L, budget.Ticks / 10);

        // Nothing may be thrown into C.
        [MonoPInvokeCallback(typeof(ProgressCallback))]
        private static byte TellProgress(IntPtr context, ulong done, ulong total)
        {
            ProgressListener listener = (ProgressListener)GCHandle.FromIntPtr(context).Target;
            try
            {
                return listener.Tell == null || listener.Tell(done, total) ? (byte)1 : (byte)0;
            }
            catch (Exception thrown)
            {
                listener.Thrown = ExceptionDispatchInfo.Capture(thrown);
                return 0;
            }
        }

        private void Long(Func<ulong, ulong, bool> tell, LongCall call)
        {
            ProgressListener listener = new ProgressListener { Tell = tell };
            GCHandle context = GCHandle.Alloc(listener);
            try
            {
                Native.Error error = NewError();
                int status = call(ProgressAddress, GCHandle.ToIntPtr(context), &error);
                listener.Thrown?.Throw();
                Check(status, &error);
            }
            finally
            {
                context.Free();
            }
        }

        private sealed class ProgressListener
        {
            internal Func<ulong, ulong, bool> Tell;
            internal ExceptionDispatchInfo Thrown;
        }
    }
}
