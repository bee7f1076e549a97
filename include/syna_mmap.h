/*
 * syna-mmap: an embedded vector store in one memory-mapped file.
 *
 * A store holds vectors of 64 to 8,192 floats, each under a key of its own, and finds those that are nearest
 * to a query. There is no server and no set-up: syna_mmap_open makes the file or opens it. Beside it, in a
 * file whose name ends in ".hnsw", lies an index that makes searches fast; it is derived from the store and
 * rebuilt where it does not fit.
 *
 * - A write that returned is found by the very next search, and is still there after the process is killed.
 *   After a power cut there is what came before the last checkpoint (syna_mmap_checkpoint), and nothing is
 *   ever half there.
 * - One process writes, any number read; in a process, all threads may do everything at once.
 * - Whatever is in a file, the worst that comes of it is an error.
 * - The library starts no threads that were not asked for (the `threads` of the options, for index builds,
 *   batch searches, large batches of rows and opening large indexes, and its `index_worker`), installs no
 *   signal handlers, and prints nothing. Its threads take no signals. Where the system has no thread to give,
 *   the calling one does the work (without its `index_worker` a store is not opened).
 * - What it computes does not depend on the caller's floating-point environment (rounding mode, flush to zero,
 *   enabled exceptions), which is as it was when a call returns, and in callbacks (x86-64 and AArch64).
 * - Out of its hands: a disk that lies, a network file system, and another program that cuts off a file in
 *   use (SIGBUS).
 *
 * EXAMPLE
 *
 *   #include "syna_mmap.h"
 *   #include <stdio.h>
 *
 *   int main(void) {
 *     float first[64] = {1, 0}, second[64] = {0, 1}, query[64] = {0.9f, 0.1f};
 *     syna_mmap *store = NULL;
 *     syna_mmap_results *results = NULL;
 *     syna_mmap_error error = {sizeof error, 0, 0, ""};
 *     syna_mmap_options options;
 *
 *     syna_mmap_options_init(&options, sizeof options);
 *     options.dimensions = 64;
 *     if (syna_mmap_open("example.syna", &options, &store, &error) ||
 *         syna_mmap_insert(store, "first", 5, first, NULL, &error) ||
 *         syna_mmap_insert(store, "second", 6, second, NULL, &error) ||
 *         syna_mmap_results_new(&results, &error) ||
 *         syna_mmap_search(store, query, 2, NULL, results, &error)) {
 *       fprintf(stderr, "%s\n", error.message);
 *     } else {
 *       size_t count, i;
 *       const syna_mmap_hit *hits = syna_mmap_results_hits(results, &count);
 *       for (i = 0; i < count; i++)
 *         printf("%.*s at %g\n", (int)hits[i].key_len, hits[i].key, hits[i].distance);
 *     }
 *     syna_mmap_results_free(results);
 *     return syna_mmap_close(store, NULL);
 *   }
 *
 * Compile it with: cc example.c -lsyna_mmap
 *
 * OWNERSHIP. Each pointer says one of three words:
 *   BORROWED (until when)   it belongs to the other side, which keeps it valid until then. "For the call":
 *                           the library uses it during the call and keeps no pointer to it.
 *   OWNED (freed by what)   it is yours now; free it by that function, once.
 *   COPIED                  the library reads it during the call and never again.
 * No function takes memory of yours to free it, and nothing of the library's is for free(). NULL is refused
 * with SYNA_MMAP_ERR_INVALID_ARGUMENT unless the text says that it may be NULL, and so is a pointer that is
 * not aligned for what it points to (4 bytes for float, 8 for uint64_t). A pointer with a length of 0 may be
 * NULL, and may be anything.
 *
 * HANDLES. syna_mmap *, syna_mmap_results * and syna_mmap_cursor * are numbers, not addresses. One that was
 * closed or freed, that is of another type, NULL, or made up is SYNA_MMAP_ERR_INVALID_HANDLE. Functions
 * without a status answer 0, false or NULL for it. (Where pointers have 32 bits, a closed handle can come to
 * life again after 32,768 further ones.)
 *
 * THREADS. A syna_mmap may be used by all threads at once. A syna_mmap_results, a syna_mmap_cursor, an
 * options struct or an error struct is for one thread at a time. syna_mmap_close waits for the calls that are
 * under way. No thread is tied to anything: open in one, close in another. A call needs 64 KiB of stack. No
 * function may be called in a signal handler.
 *
 * CALLBACKS. A callback has to return by itself: neither an exception nor a longjmp may leave it. What it may
 * call, its type's comment says.
 *
 * FORK. A child process can use no handle of its parent: SYNA_MMAP_ERR_INVALID_HANDLE. It may close and free
 * them, which changes nothing for the parent, or leave them alone, and open files itself; other threads of the
 * parent may be in calls meanwhile. The parent's lock on the file lasts until the parent closes the store. If
 * the parent ends without that (killed, say), it lasts until each of its forked children has closed the handle
 * that it inherited, called exec, or ended. Where a thread of the parent was in a call on the store at the
 * fork, closing is not enough. All descriptors of the library are closed by exec. A child of
 * vfork may call nothing here, and one that was forked in a callback must not return from it.
 *
 * ERRORS. A call that can fail returns a syna_mmap_status, SYNA_MMAP_OK (0) on success. The last argument,
 * optional, says more, see syna_mmap_error. Outputs (out_*) are written on success only, the error struct on
 * failure only, and results are empty after a failed search. A failed write has written nothing
 * (SYNA_MMAP_ERR_IO: see there). Any call with a handle can also answer SYNA_MMAP_ERR_POISONED and, should
 * the library have a bug, SYNA_MMAP_ERR_INTERNAL, which poisons what it worked on: every later call on it
 * but close answers SYNA_MMAP_ERR_POISONED.
 *
 * STRUCT_SIZE. Structs that can grow begin with their size; set it to sizeof, or let the _init function do
 * it. A program that was compiled with an older header passes a shorter struct: members that it lacks have
 * their defaults. One that was compiled with a newer header passes a longer one: it works as long as the
 * members that this library does not know are zero, and is SYNA_MMAP_ERR_INVALID_ARGUMENT otherwise. So is a
 * size that ends inside a member, or is above 4,096. Only in syna_mmap_error is 0 a size: that of version 0.1.0.
 *
 * LIMITS. Dimensions 64 to 8,192; keys 0 to 65,535 bytes of UTF-8, NULs allowed; payloads to 1 MiB a row;
 * 1 GiB of both in one batch; tags of 64 bits; 4,294,967,294 rows over a file's life, which a compaction
 * begins anew; 16,777,216 hits or candidates of a search; handles open at once 16,777,200 (8,176 where pointers
 * have 32 bits). More: SYNA_MMAP_ERR_LIMIT, or the error that is named after what is too large. Threads 1,024;
 * more: SYNA_MMAP_ERR_INVALID_ARGUMENT.
 */

#ifndef SYNA_MMAP_H
#define SYNA_MMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Statuses and errors ------------------------------------------------------------------------------------- */

/** Done. */
#define SYNA_MMAP_OK 0

/** An argument has a value that is never right: a pointer is NULL or not aligned, a flag is unknown, ... */
#define SYNA_MMAP_ERR_INVALID_ARGUMENT 1

/** Dimensions outside SYNA_MMAP_MIN_DIMENSIONS to SYNA_MMAP_MAX_DIMENSIONS. */
#define SYNA_MMAP_ERR_INVALID_DIMENSIONS 2

/** The file has other dimensions than were asked for. */
#define SYNA_MMAP_ERR_DIMENSION_MISMATCH 3

/** The file has another metric than was asked for. */
#define SYNA_MMAP_ERR_METRIC_MISMATCH 4

/** A vector has a component that is NaN or infinite. */
#define SYNA_MMAP_ERR_INVALID_VECTOR 5

/** A key is longer than SYNA_MMAP_MAX_KEY_BYTES, or is not UTF-8. */
#define SYNA_MMAP_ERR_INVALID_KEY 6

/** There is no such key, or no such file. */
#define SYNA_MMAP_ERR_NOT_FOUND 7

/** Another writer has the file open, in this process or in another one. */
#define SYNA_MMAP_ERR_LOCKED 8

/** A write to a store that was opened read-only. */
#define SYNA_MMAP_ERR_READ_ONLY 9

/** The file is damaged, or is not a store. */
#define SYNA_MMAP_ERR_CORRUPT 10

/** The file needs a newer version of the library. */
#define SYNA_MMAP_ERR_UNSUPPORTED_VERSION 11

/** The file has the older MVEC format, which must be imported into a new file. */
#define SYNA_MMAP_ERR_LEGACY_FORMAT 12

/**
 * The system refused an operation; os_errno says how. A write that failed like this is indeterminate: open
 * again.
 */
#define SYNA_MMAP_ERR_IO 13

/**
 * The disk is full, or a quota or the system's limit of a file is reached. The store is as it was and
 * stays usable.
 */
#define SYNA_MMAP_ERR_NO_SPACE 14

/** Memory could not be had. The store is as it was and stays usable. */
#define SYNA_MMAP_ERR_NO_MEMORY 15

/**
 * A handle that is NULL, closed, was never given out, is of another type, or belongs to the parent
 * process.
 */
#define SYNA_MMAP_ERR_INVALID_HANDLE 16

/**
 * An earlier failure shut the store: after a failed sync of the disk it refuses writes, after
 * SYNA_MMAP_ERR_INTERNAL all calls but syna_mmap_close. Close it and open it again.
 */
#define SYNA_MMAP_ERR_POISONED 17

/**
 * A bug of the library was caught before it could do harm; please report the message. The object is
 * poisoned.
 */
#define SYNA_MMAP_ERR_INTERNAL 18

/** A callback of yours asked for the work to stop. */
#define SYNA_MMAP_ERR_CANCELLED 19

/** One of the limits that the opening comment states was passed. */
#define SYNA_MMAP_ERR_LIMIT 20

/**
 * The answer of a call that can fail: SYNA_MMAP_OK or one of SYNA_MMAP_ERR_*.
 * The numbers are frozen. Later versions add new ones: treat a number that you do not know as an error.
 */
typedef int32_t syna_mmap_status;

/**
 * Why a call failed. It is yours: any memory will do, nothing in it needs freeing, and it may outlive
 * everything.
 *
 * Set struct_size before the first call and hand the struct to as many calls as you like (0 counts as the size
 * that the struct had in version 0.1.0, so one that is all zeros will do); nobody else may
 * use it during a call, so give each thread its own. It is optional: every call takes NULL. Written only
 * when a call fails, so check the status, not the struct. A struct whose struct_size cannot be right makes
 * the call fail with SYNA_MMAP_ERR_INVALID_ARGUMENT, before anything is done and with nothing written to
 * it.
 */
typedef struct syna_mmap_error {
  /** sizeof(syna_mmap_error), set by you. */
  size_t struct_size;
  /** What the call answered. */
  syna_mmap_status status;
  /** The system's own number, as in errno (GetLastError on Windows); 0 where the system was not at fault. */
  int32_t os_errno;
  /**
   * One sentence in UTF-8 that says what was wrong and what to do. Always ends with a NUL; cut at a
   * whole character. A control character of a path or a key is shown as U+FFFD.
   */
  char message[256];
} syna_mmap_error;

/* ---- Options ------------------------------------------------------------------------------------------------- */

/** Fewest dimensions of a store. */
#define SYNA_MMAP_MIN_DIMENSIONS 64

/** Most dimensions of a store. */
#define SYNA_MMAP_MAX_DIMENSIONS 8192

/** Most hits of one search: SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_K 16777216

/** Most candidates of one search: SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_EF 16777216

/** Most bytes of a payload: SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_PAYLOAD_BYTES 1048576

/**
 * Most bytes of keys and payloads in one batch, with 8 to 24 bytes more for each row: SYNA_MMAP_ERR_LIMIT for
 * more.
 */
#define SYNA_MMAP_MAX_BATCH_BYTES 1073741824

/**
 * Most rows that are ever written to one file, deleted ones too; a compaction begins a new file.
 * SYNA_MMAP_ERR_LIMIT for more.
 */
#define SYNA_MMAP_MAX_ROWS 4294967294

/** Distance 1 - cos(a, b), from 0 to 2; exactly 1 where one of the vectors has no length. */
#define SYNA_MMAP_METRIC_COSINE 0

/** Distance: the square root of the sum of squared differences. */
#define SYNA_MMAP_METRIC_EUCLIDEAN 1

/** Distance -(a . b). */
#define SYNA_MMAP_METRIC_DOT_PRODUCT 2

/** For opening only: as in the existing file, whichever that is (UINT32_MAX). */
#define SYNA_MMAP_METRIC_FROM_FILE 4294967295

/**
 * Open for reading: takes no lock, changes no byte, sees the rows of that moment; syna_mmap_refresh shows
 * later ones.
 */
#define SYNA_MMAP_OPEN_READ_ONLY 1

/** Do not create the file: SYNA_MMAP_ERR_NOT_FOUND where there is none. */
#define SYNA_MMAP_OPEN_MUST_EXIST 2

/**
 * Do not open an existing file: SYNA_MMAP_ERR_IO where there is one. Not with READ_ONLY, MUST_EXIST or
 * DAMAGED.
 */
#define SYNA_MMAP_OPEN_MUST_CREATE 4

/**
 * Check every stored vector against its checksum: reads the whole file; SYNA_MMAP_ERR_CORRUPT at the first
 * that differs. syna_mmap_verify checks more, and names all.
 */
#define SYNA_MMAP_OPEN_VERIFY 8

/** Open a damaged file read-only and show whatever of it is whole, as syna_mmap_salvage would save it. */
#define SYNA_MMAP_OPEN_DAMAGED 16

/**
 * A write that returned survives a crash or a kill of the process; a power cut only from the next
 * checkpoint on.
 */
#define SYNA_MMAP_DURABILITY_PROCESS 0

/**
 * A write is synced to the disk before it returns: it survives a power cut, and takes as long as the disk
 * does.
 */
#define SYNA_MMAP_DURABILITY_BATCH 1

/**
 * The index holds the neighbours' codes beside each vector's links: the fastest searches. In memory 320 + 5 *
 * dimensions bytes a vector, as far as searches have come to it (256 dimensions at least count).
 */
#define SYNA_MMAP_INDEX_FAST 0

/**
 * The index holds a vector's own code and links: 192 + dimensions bytes a vector. Searches are about twice as
 * slow.
 */
#define SYNA_MMAP_INDEX_COMPACT 1

/**
 * What a store is opened with. It is yours: COPIED by syna_mmap_open, so it may go out of scope after the
 * call.
 *
 * Fill it by syna_mmap_options_init, then change what you care about. Threads: it is plain memory, so
 * share it as you would an int. The struct grows at its end in later versions; programs that were compiled
 * with a shorter one keep working.
 */
typedef struct syna_mmap_options {
  /** sizeof(syna_mmap_options). */
  size_t struct_size;
  /**
   * Floats in a vector, SYNA_MMAP_MIN_DIMENSIONS to SYNA_MMAP_MAX_DIMENSIONS; 0: as in the existing
   * file. Default 768.
   */
  uint32_t dimensions;
  /** SYNA_MMAP_METRIC_*, fixed when the file is made. Default SYNA_MMAP_METRIC_COSINE. */
  uint32_t metric;
  /**
   * Vectors to plan for. No limit, and takes no space by itself: syna_mmap_reserve does. Default
   * 100,000.
   */
  uint64_t initial_capacity;
  /**
   * Vectors at which the index comes by itself; 0: only syna_mmap_build_index and syna_mmap_index_step make
   * it. From there on each write does the index work of two to four rows for each row that it wrote, of six
   * while an index of which a quarter is deleted rows is rebuilt: some milliseconds for a single one.
   * Searches compare rows that wait one by one. The first index is whole after as many writes more as half of
   * these vectors, at most. Default 10,000.
   */
  uint64_t index_threshold;
  /**
   * Seconds between the checkpoints that writes make; 0: only when asked and at close. Such a checkpoint takes no
   * rows into the index. The write that makes it waits for the disk: milliseconds, or more where much was
   * written in the last second or the disk is busy. The writes after it save what has changed of the index,
   * each a part of it. Default 30.
   */
  uint32_t checkpoint_interval_secs;
  /** SYNA_MMAP_OPEN_*, combined by |. Default 0: read and write, create if there is no file. */
  uint32_t flags;
  /** SYNA_MMAP_DURABILITY_*. Default SYNA_MMAP_DURABILITY_PROCESS. */
  uint32_t durability;
  /**
   * Threads that an index build or a batch search may use, the calling one among them. With 1 or more, a
   * batch of 2 MiB or more is written by a thread of that call's own, while the calling one checks what
   * comes next, and an open of an index of 16,384 rows or more has one that reads it while the calling one
   * reads the keys; they take no signals. 0: none, the calling thread does all. At most 1,024, default 0.
   */
  uint32_t threads;
  /** Half of the index's links of a row, 2 to 256, where hnsw_m_max is 0; without effect otherwise. Default 16. */
  uint32_t hnsw_m;
  /**
   * Candidates that are looked at for a node's links; more is slower and finds better ones. 1 to
   * 65,536, default 200.
   */
  uint32_t hnsw_ef_construction;
  /**
   * The candidates of a search that names no number; more is slower and finds more. Where the index has measured
   * that it takes more to find 9 of the 10 nearest, such a search takes more: see fixed_ef. 1 to 65,536,
   * default 100.
   */
  uint32_t hnsw_ef_search;
  /** The index's links of a row, 2 to 512, of which under 4 count as 4; 0: 2 * hnsw_m. Default 0. */
  uint32_t hnsw_m_max;
  /** Seed of the index: the same rows, options and seed give the same index. Default 0. */
  uint64_t seed;
  /**
   * Rows that may wait before writes take them into an index that comes by itself: each search compares them
   * one by one. Once more wait, the next writes take in up to 512 of them, two to four a row written, so that
   * these and half as many wait at most. 0: every write takes in all its rows before it returns, and the
   * one at index_threshold makes the whole index. Without effect where index_threshold is 0. Default 256.
   */
  uint64_t most_unindexed_rows;
  /**
   * SYNA_MMAP_INDEX_*: how much memory the index takes, and how fast it is. An index that is there stays as it is;
   * syna_mmap_compact makes it anew. Default SYNA_MMAP_INDEX_FAST.
   */
  uint32_t index_profile;
  /**
   * 1: a thread of the store's own takes rows into an index that comes by itself, whenever an eighth of
   * most_unindexed_rows is left. Writes then make no index, and do a share of its work only where twice
   * most_unindexed_rows, or 1,024, wait; they wait for the thread 10 ms at most. The index then depends on
   * time, not only on rows, options and seed. The thread takes no signals and ends when the store is closed. Where the
   * system has no thread for it, syna_mmap_open answers SYNA_MMAP_ERR_IO. Without effect where index_threshold is
   * 0 and where the store is opened read-only. 0: no such thread. Default 0.
   */
  uint32_t index_worker;
  /**
   * 1: a search that names no ef takes hnsw_ef_search candidates, whatever it finds with them. 0: the index
   * measures on a sample of its rows, while it grows, how many it takes to find 9 of the 10 nearest, and such a
   * search takes as many, up to 2,000: on embeddings hnsw_ef_search is enough, on random data it is not, and
   * searches take longer there. syna_mmap_stats has the number. Default 0.
   */
  uint32_t fixed_ef;
  /** 0. */
  uint32_t reserved;
} syna_mmap_options;

/**
 * Fills `options` with the defaults.
 *
 * options      BORROWED for the call: `struct_size` bytes that are written, whatever they were before.
 *              NULL, not aligned, or a struct_size below sizeof(size_t) or above 4,096: nothing is done.
 * struct_size  sizeof(syna_mmap_options) where your program is compiled; becomes the member of that name.
 *
 * Threads: any, in callbacks too. Cost: none to speak of.
 */
void syna_mmap_options_init(syna_mmap_options *options, size_t struct_size);

/* ---- Opening, closing, checkpoints --------------------------------------------------------------------------- */

/**
 * An open store. A handle to it is OWNED by you: close it with syna_mmap_close, from any thread.
 *
 * Threads: every call on a store is safe from any thread at any time; searches run beside each other and
 * beside one write, writes wait for one another.
 * Outlives: nothing needs to be closed before it. syna_mmap_results that were searched in it may be used
 * after it is closed.
 * Fork: only the process that opened it can use it; a child that closes it forgets the handle, gives up its
 * share of the file, and changes no file. The parent's lock lasts as long as the parent has the store open or
 * a child has a share in it, so a child that goes on without its parent (a daemon) has to close what it
 * inherited before it can open the file itself. What else the store has in the child's memory stays there.
 * A handle is a number in a pointer's clothes: never dereference it. Using one that was closed is an
 * error, not a crash.
 */
typedef struct syna_mmap syna_mmap;

/**
 * Opens the store in the file `path`, or makes it where there is no file.
 *
 * path       COPIED. Bytes that end with a NUL, as the system has them; UTF-8 on Windows. The index lies
 *            beside it: path.hnsw. The folder has to be there and is not made. A relative path is
 *            taken from the working folder of this moment; changing that later does no harm. Symbolic links
 *            at its end are followed once. An empty file (mkstemp) becomes a store when opened for writing.
 *            A path that ends with a separator names a folder, and is refused.
 * options    COPIED. NULL: the defaults, that is a store of 768 dimensions and cosine distance.
 * out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
 *            syna_mmap_close.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _DIMENSION_MISMATCH,
 * _METRIC_MISMATCH, _NOT_FOUND (there is no file, and the options need one: SYNA_MMAP_OPEN_MUST_EXIST,
 * SYNA_MMAP_OPEN_READ_ONLY, or what is to be taken from it), _LOCKED, _CORRUPT, _UNSUPPORTED_VERSION,
 * _LEGACY_FORMAT, _IO (also for a folder, and where a file is to be made in a folder that is not there),
 * _NO_SPACE, _NO_MEMORY, _LIMIT (handles).
 * On failure: *out_store is not written, and an existing file has not changed by a byte. A file that did not
 * exist may have been made (_LIMIT).
 * Threads: any. Cost: reads the keys, not the vectors (unless SYNA_MMAP_OPEN_VERIFY); after a crash, and
 * beside a writer, also the rows that came after the last checkpoint.
 */
syna_mmap_status syna_mmap_open(const char *path,
                                const syna_mmap_options *options,
                                syna_mmap **out_store,
                                syna_mmap_error *error);

/**
 * Makes a checkpoint, closes the store and frees it. The handle is gone, whatever this returns (but see
 * callbacks, below).
 *
 * Waits for the calls that other threads have on the store (syna_mmap_interrupt ends long ones); calls that
 * come later answer SYNA_MMAP_ERR_INVALID_HANDLE. In a forked child this forgets the handle and the child's share of the file
 * only: no checkpoint, no unlock, and the parent's store goes on. A callback of syna_mmap_verify cannot close the store that it is called for: that
 * is SYNA_MMAP_ERR_INVALID_ARGUMENT, and the store stays open.
 *
 * store  a handle, or NULL: then nothing is done and that is OK.
 * error  BORROWED for the call. May be NULL; one that cannot be used does not keep the store from being
 *        closed.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE (closed before), or SYNA_MMAP_ERR_IO, _NO_SPACE,
 * _POISONED: the store is closed, but what came after the last checkpoint is only as safe as it was: from
 * a kill, not from a power cut.
 * Threads: any. Cost: a checkpoint.
 */
syna_mmap_status syna_mmap_close(syna_mmap *store,
                                 syna_mmap_error *error);

/**
 * Ends the long calls that other threads have on the store, soon: so that a close need not wait for them.
 *
 * syna_mmap_build_index, _build_index_with, _compact, _snapshot_to, _verify and _check_recall answer
 * SYNA_MMAP_ERR_CANCELLED, and leave things as a callback that returns false does. A write or a checkpoint that
 * is taking rows into the index is done without that, and answers as ever: the rows are found one by one, and
 * the next write goes on. Calls that begin later are not interrupted, but a checkpoint, and the one of a
 * close, leaves rows that are not in the index where they are until the next write or index build.
 * Not interrupted: searches (they have deadline_us and max_visits), calls with a budget, syncs of the disk.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also where there is nothing to end, or SYNA_MMAP_ERR_INVALID_HANDLE (also once
 * syna_mmap_close has begun: interrupt first), _POISONED.
 * Threads: any, in a progress callback too. Cost: none to speak of; it does not wait for the calls. They end
 * after what they are at: up to 512 rows taken into the index, 1,024 rows copied, a batch of rows or all links
 * verified, or 256 samples of a recall.
 */
syna_mmap_status syna_mmap_interrupt(syna_mmap *store,
                                     syna_mmap_error *error);

/**
 * Makes what was written so far safe from a power cut.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _POISONED. After an _IO
 * of a sync nothing more can be written until the store is opened again (_POISONED): the system may have
 * dropped what it could not write. _IO also where the file was removed, renamed or replaced while it was
 * open: nobody finds what is written by its path; syna_mmap_snapshot_to keeps it.
 * Threads: any; searches go on meanwhile, writes wait. Cost: two or more syncs of the disk, and the
 * index's changes written.
 */
syna_mmap_status syna_mmap_checkpoint(syna_mmap *store, syna_mmap_error *error);

/**
 * Makes what was written so far safe from a power cut, as syna_mmap_checkpoint does, but leaves the
 * index's file alone.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_checkpoint. Cost: syncs of the disk.
 */
syna_mmap_status syna_mmap_flush(syna_mmap *store, syna_mmap_error *error);

/**
 * Whether anything was written since the last checkpoint; false for a bad handle.
 *
 * store  a handle.
 *
 * Threads: any; waits for a write, a checkpoint or an index build that is under way. Cost: none else.
 */
bool syna_mmap_is_dirty(const syna_mmap *store);

/**
 * The number of the last write that is safe from a power cut; 0: none, or a bad handle. Writes that change
 * something are counted from 1 over the store's life, compactions included. In a store that was opened
 * read-only: of those that it has seen, at the last checkpoint.
 *
 * store  a handle.
 *
 * Threads: any; waits for a write, a checkpoint or an index build that is under way. Cost: none else.
 */
uint64_t syna_mmap_last_durable_seq(const syna_mmap *store);

/**
 * Takes disk space for `count` vectors in all, now, so that inserting them cannot fail for want of space
 * for vectors.
 *
 * store  a handle.
 * count  vectors, those that are stored counted too.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_SPACE, _LIMIT, _IO, _POISONED.
 * On failure: the store is as it was.
 * Threads: any. Cost: the file system's for the space, writing it all where it cannot do better.
 */
syna_mmap_status syna_mmap_reserve(syna_mmap *store, uint64_t count, syna_mmap_error *error);

/* ---- In memory, and inside larger files ---------------------------------------------------------------------- */

/**
 * Makes a store without a file, for tests and caches: it is gone when it is closed. All else is as in a
 * file; syna_mmap_snapshot_to writes it to one.
 *
 * options    COPIED. NULL: the defaults. checkpoint_interval_secs is of no account.
 * out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
 *            syna_mmap_close.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _NOT_FOUND (the options
 * need a file), _NO_SPACE, _NO_MEMORY, _IO, _LIMIT (handles).
 * On failure: *out_store is not written.
 * Threads: any. Cost: small; the vectors take memory instead of disk space.
 */
syna_mmap_status syna_mmap_open_in_memory(const syna_mmap_options *options,
                                          syna_mmap **out_store,
                                          syna_mmap_error *error);

/**
 * Opens a store that lies inside a larger file, such as a game's archive, for reading. The larger file must
 * not change as long as the store is open.
 *
 * fd            an open file descriptor that can be read from; it is duplicated, so you may close yours at
 *               once. Its position is neither used nor changed.
 * offset        where the store's file begins in it: a multiple of 64.
 * length        bytes of the store's file.
 * index_offset  where the index's file (NAME.hnsw) begins in it: a multiple of 64.
 * index_length  bytes of the index's file; 0: there is none, and every search compares all vectors.
 * options       COPIED. NULL: the defaults. SYNA_MMAP_OPEN_READ_ONLY is taken as given; MUST_CREATE is
 *               refused.
 * out_store     BORROWED for the call. On success a handle that is OWNED by you: close it with
 *               syna_mmap_close.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (also for bytes that the file does not have, and
 * where the system has no file descriptors), or as syna_mmap_open.
 * On failure: *out_store is not written.
 * Threads: any. Cost: as syna_mmap_open.
 */
syna_mmap_status syna_mmap_open_at(int32_t fd,
                                   uint64_t offset,
                                   uint64_t length,
                                   uint64_t index_offset,
                                   uint64_t index_length,
                                   const syna_mmap_options *options,
                                   syna_mmap **out_store,
                                   syna_mmap_error *error);

/* ---- Batches ------------------------------------------------------------------------------------------------- */

/** Most bytes of a key; the fewest are 0. */
#define SYNA_MMAP_MAX_KEY_BYTES 65535

/** A key that exists is left as it is; of a key that occurs twice in a batch the first counts. */
#define SYNA_MMAP_WRITE_INSERT 0

/** A key that exists is replaced; of a key that occurs twice in a batch the last counts. */
#define SYNA_MMAP_WRITE_UPSERT 1

/**
 * Everything that a batch can carry. It is yours, with all that it points to: COPIED by syna_mmap_write,
 * so all of it may go out of scope after the call.
 *
 * Zero it, set struct_size and what you need. Threads: plain memory. It grows at its end in later
 * versions.
 */
typedef struct syna_mmap_batch {
  /** sizeof(syna_mmap_batch). */
  size_t struct_size;
  /**
   * COPIED: the keys' bytes, one key after the other, nothing between. May be NULL where all keys are
   * empty.
   */
  const char *keys;
  /**
   * COPIED: count + 1 offsets. Key i is keys[key_offsets[i]] up to keys[key_offsets[i + 1]]. The first
   * is 0; none is less than the one before.
   */
  const uint64_t *key_offsets;
  /** COPIED: count x dimensions floats, one vector after the other. */
  const float *vectors;
  /** Rows of the batch. 0: every pointer may be NULL. */
  size_t count;
  /**
   * COPIED: count numbers that are kept with the rows, or NULL: 0 for every row. They mean what you want:
   * syna_mmap_get_tags and syna_mmap_results_tags give them back. A row that replaces another has its own
   * only.
   */
  const uint64_t *tags;
  /**
   * COPIED: opaque bytes that are kept with the rows, up to 1 MiB each, laid out as the keys are:
   * syna_mmap_get_payload and syna_mmap_results_payload give them back. May be NULL where all are empty.
   */
  const uint8_t *payloads;
  /** COPIED: count + 1 offsets, as key_offsets. NULL: no payloads; then payloads has to be NULL too. */
  const uint64_t *payload_offsets;
  /** SYNA_MMAP_WRITE_*. */
  uint32_t mode;
  /** 0. */
  uint32_t reserved;
} syna_mmap_batch;

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/**
 * Stores a vector under a key, unless the key is there already: then it is left as it is, and that is OK.
 *
 * Many vectors are stored many times faster by syna_mmap_insert_batch.
 *
 * store         a handle.
 * key           COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty
 *               key.
 * vector        COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * out_inserted  BORROWED for the call: whether the key was new. May be NULL.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY, _INVALID_VECTOR,
 * _INVALID_HANDLE, _READ_ONLY, _NO_SPACE, _NO_MEMORY, _LIMIT, _IO, _POISONED.
 * On failure: the store is as it was (after _IO: as it was or with the row, which opening it again
 * decides), and *out_inserted is not written.
 * Threads: any; searches go on meanwhile, writes wait for one another. Cost: the row's bytes, and now and
 * then more: a share of the index work, and a checkpoint that falls due, are done here (set
 * checkpoint_interval_secs and index_threshold to 0 to avoid it). Where that finds no room for the index, the log says so, and the row is
 * stored all the same.
 */
syna_mmap_status syna_mmap_insert(syna_mmap *store,
                                  const char *key,
                                  size_t key_len,
                                  const float *vector,
                                  bool *out_inserted,
                                  syna_mmap_error *error);

/**
 * Stores a vector under a key, in the place of the one that is there, if any. The row gets a new number,
 * and has no tags and no payload, whatever the former one had: syna_mmap_write gives it some.
 *
 * store   a handle.
 * key     COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty key.
 * vector  COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * error   BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads, cost: as syna_mmap_insert.
 */
syna_mmap_status syna_mmap_upsert(syna_mmap *store,
                                  const char *key,
                                  size_t key_len,
                                  const float *vector,
                                  syna_mmap_error *error);

/**
 * Stores many vectors, all or none: short for syna_mmap_write with SYNA_MMAP_WRITE_INSERT and no tags or
 * payloads.
 *
 * store         a handle.
 * keys          COPIED: the keys' bytes, one key after the other. May be NULL where all keys are empty.
 * key_offsets   COPIED: count + 1 offsets, aligned to 8 bytes; key i is keys[key_offsets[i]] up to
 *               keys[key_offsets[i + 1]].
 * vectors       COPIED: count x dimensions floats, one vector after the other, aligned to 4 bytes.
 * count         vectors. 0: nothing is done, and every pointer may be NULL.
 * out_inserted  BORROWED for the call: how many keys were new. May be NULL.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads: as syna_mmap_insert. An error's message names the first row that is wrong.
 * Cost: the rows' bytes, written in few large pieces.
 */
syna_mmap_status syna_mmap_insert_batch(syna_mmap *store,
                                        const char *keys,
                                        const uint64_t *key_offsets,
                                        const float *vectors,
                                        size_t count,
                                        size_t *out_inserted,
                                        syna_mmap_error *error);

/**
 * Stores many vectors, all or none, in the place of those that are there under the same keys: short for
 * syna_mmap_write with SYNA_MMAP_WRITE_UPSERT and no tags or payloads.
 *
 * The arguments are those of syna_mmap_insert_batch, COPIED as there; `error` is BORROWED for the call and
 * may be NULL.
 *
 * Returns, on failure, threads, cost: as syna_mmap_insert_batch.
 */
syna_mmap_status syna_mmap_upsert_batch(syna_mmap *store,
                                        const char *keys,
                                        const uint64_t *key_offsets,
                                        const float *vectors,
                                        size_t count,
                                        syna_mmap_error *error);

/**
 * Writes a batch, all or none.
 *
 * store        a handle.
 * batch        COPIED, with all that it points to.
 * out_written  BORROWED for the call: the new keys of an insert, the different keys of an upsert. May be
 *              NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads, cost: as syna_mmap_insert_batch.
 */
syna_mmap_status syna_mmap_write(syna_mmap *store,
                                 const syna_mmap_batch *batch,
                                 size_t *out_written,
                                 syna_mmap_error *error);

/**
 * Deletes a key and its vector. Deleting one that is not there is OK.
 *
 * store        a handle.
 * key          COPIED: `key_len` bytes of UTF-8. May be NULL where `key_len` is 0, the empty key.
 * out_deleted  BORROWED for the call: whether the key was there. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads: as syna_mmap_insert; *out_deleted is not written then. Cost: a small
 * write.
 */
syna_mmap_status syna_mmap_delete(syna_mmap *store,
                                  const char *key,
                                  size_t key_len,
                                  bool *out_deleted,
                                  syna_mmap_error *error);

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/**
 * Copies the vector of a key.
 *
 * store       a handle.
 * key         COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty
 *             key.
 * out_vector  BORROWED for the call: room for as many floats as the store has dimensions.
 * error       BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_NOT_FOUND, _INVALID_ARGUMENT, _INVALID_KEY, _INVALID_HANDLE,
 * _POISONED.
 * On failure: out_vector is not written.
 * Threads: any. Cost: one look-up and a copy.
 */
syna_mmap_status syna_mmap_get(const syna_mmap *store,
                               const char *key,
                               size_t key_len,
                               float *out_vector,
                               syna_mmap_error *error);

/**
 * The tags of a key: the number that was written with it, 0 where none was.
 *
 * store     a handle.
 * key       COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty key.
 * out_tags  BORROWED for the call: the tags.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_get. On failure: *out_tags is not written. Cost: one look-up.
 */
syna_mmap_status syna_mmap_get_tags(const syna_mmap *store,
                                    const char *key,
                                    size_t key_len,
                                    uint64_t *out_tags,
                                    syna_mmap_error *error);

/**
 * Copies the payload of a key, if there is room for it, and says how long it is.
 *
 * Call it with `capacity` 0 to learn the length, and again with that much room; or at once with as much
 * room as your payloads need. Where *out_len is more than `capacity`, nothing was copied, and that is OK:
 * another thread may have replaced the payload since, so look at *out_len each time.
 *
 * store        a handle.
 * key          COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty
 *              key.
 * out_payload  BORROWED for the call: room for `capacity` bytes. May be NULL where `capacity` is 0.
 * capacity     bytes.
 * out_len      BORROWED for the call: how many bytes the payload has; 0: the key has none. Not NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_get. On failure: nothing is written. Cost: one look-up and a copy.
 */
syna_mmap_status syna_mmap_get_payload(const syna_mmap *store,
                                       const char *key,
                                       size_t key_len,
                                       uint8_t *out_payload,
                                       size_t capacity,
                                       size_t *out_len,
                                       syna_mmap_error *error);

/**
 * Whether a key is stored; false for a bad handle or a key that cannot be one.
 *
 * store  a handle.
 * key    COPIED: `key_len` bytes. May be NULL where `key_len` is 0, the empty key.
 *
 * Threads: any. Cost: one look-up.
 */
bool syna_mmap_contains(const syna_mmap *store, const char *key, size_t key_len);

/**
 * How many vectors are stored; 0 for a bad handle.
 *
 * store  a handle.
 *
 * Threads: any. Cost: none to speak of.
 */
uint64_t syna_mmap_len(const syna_mmap *store);

/**
 * How many floats a vector of the store has; 0 for a bad handle.
 *
 * store  a handle.
 *
 * Threads: any. Cost: none to speak of.
 */
uint32_t syna_mmap_dimensions(const syna_mmap *store);

/**
 * The store's metric, SYNA_MMAP_METRIC_*; 0 for a bad handle, so ask syna_mmap_dimensions where that is in
 * doubt.
 *
 * store  a handle.
 *
 * Threads: any. Cost: none to speak of.
 */
uint32_t syna_mmap_metric(const syna_mmap *store);

/* ---- All rows in order --------------------------------------------------------------------------------------- */

/**
 * A walk over the rows of a store, in the order of their insertion. OWNED by you: free it with
 * syna_mmap_cursor_free.
 *
 * It sees the rows that were live when it was made, whatever is written or deleted meanwhile.
 * Threads: one at a time. A call on a cursor that another thread is using is
 * SYNA_MMAP_ERR_INVALID_ARGUMENT.
 * Outlives: the store may be closed or compacted before it: it keeps what it walks over alive, the disk
 * space too.
 * Fork: a child can only free it.
 */
typedef struct syna_mmap_cursor syna_mmap_cursor;

/**
 * A row with all that was written with it, an element of the array that syna_mmap_cursor_next fills. What
 * it points to is BORROWED until the cursor is freed, also past syna_mmap_close. This struct never grows.
 */
typedef struct syna_mmap_row {
  /** The key: UTF-8, any content, without a NUL at its end. BORROWED as said above. Not NULL. */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /** The vector as it is stored: `dimensions` floats, read-only memory. BORROWED as said above. */
  const float *vector;
  /** The payload, read-only memory, aligned to 1 byte; NULL where there is none. BORROWED as said above. */
  const uint8_t *payload;
  /** Bytes of the payload; 0: there is none. */
  size_t payload_len;
  /** The tags; 0 where none were written. */
  uint64_t tags;
  /** The row's number, as in syna_mmap_hit. */
  uint64_t row;
} syna_mmap_row;

/**
 * Makes a cursor over the live rows of this moment.
 *
 * store       a handle.
 * first_row   where to begin: 0 for all rows, or one more than the last row of an earlier walk. Rows that
 *             were deleted are passed over, and past the last row there is nothing to walk over. A
 *             compaction gives rows new numbers.
 * out_cursor  BORROWED for the call. On success a handle that is OWNED by you: free it with
 *             syna_mmap_cursor_free.
 * error       BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _NO_MEMORY, _LIMIT (handles),
 * _POISONED.
 * On failure: *out_cursor is not written.
 * Threads: any. Cost: small.
 */
syna_mmap_status syna_mmap_cursor_new(const syna_mmap *store,
                                      uint64_t first_row,
                                      syna_mmap_cursor **out_cursor,
                                      syna_mmap_error *error);

/**
 * The next rows of a walk.
 *
 * cursor     a handle.
 * out_rows   BORROWED for the call: room for `capacity` rows. May be NULL where `capacity` is 0. What they
 *            point to is BORROWED until the cursor is freed, also when later rows are asked for.
 * capacity   rows; 0 asks for none.
 * out_count  BORROWED for the call: how many rows were written; fewer than `capacity` only at the end, 0
 *            past it.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also at the end, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT,
 * _POISONED.
 * On failure: *out_count is not written, and out_rows has nothing of use.
 * Threads: one at a time for a cursor; writes and searches go on meanwhile. Cost: a look-up for each row;
 * nothing is copied.
 */
syna_mmap_status syna_mmap_cursor_next(syna_mmap_cursor *cursor,
                                       syna_mmap_row *out_rows,
                                       size_t capacity,
                                       size_t *out_count,
                                       syna_mmap_error *error);

/**
 * Frees a cursor, and with it everything that was borrowed from it.
 *
 * cursor  a handle. NULL, or one that was freed: nothing is done.
 *
 * Threads: any; waits for a call on it that another thread has under way. Cost: small.
 */
void syna_mmap_cursor_free(syna_mmap_cursor *cursor);

/* ---- A store in numbers -------------------------------------------------------------------------------------- */

/**
 * A store in numbers. It is yours: any memory will do.
 *
 * Set struct_size before the call. Threads: it is plain memory. The struct grows at its end in later
 * versions; of a shorter one the members that it has are filled, of a longer one the others are zeroed.
 */
typedef struct syna_mmap_stats {
  /** sizeof(syna_mmap_stats), set by you. */
  size_t struct_size;
  /** Rows in the file, live and deleted. */
  uint64_t rows;
  /** Live rows: as syna_mmap_len. */
  uint64_t live_rows;
  /** Deleted rows; syna_mmap_compact gives their space back. */
  uint64_t deleted_rows;
  /** The data file's length: the sum of vector_bytes, log_bytes and slack_bytes. */
  uint64_t file_bytes;
  /** Vectors of all rows, deleted ones too. */
  uint64_t vector_bytes;
  /** Keys, tags, payloads, checksums. */
  uint64_t log_bytes;
  /** Superblocks, headers, and space that is allocated ahead. */
  uint64_t slack_bytes;
  /** The file of the index; 0 where there is none. */
  uint64_t index_bytes;
  /** Replaced data files whose space is kept since results or cursors still borrow from them. */
  uint64_t replaced_bytes;
  /** Rows that the index covers; 0 where there is none. Those behind them are compared one by one. */
  uint64_t indexed_rows;
  /** Checkpoints that the file has had. */
  uint64_t generation;
  /** The number of the last write. Writes that change something are counted from 1 over the store's life. */
  uint64_t last_seq;
  /** The number of the last write that is safe from a power cut. */
  uint64_t durable_seq;
  /** 1 where searches use an index, else 0. */
  uint32_t has_index;
  /** The candidates of a search that names no ef: hnsw_ef_search, or more where the index needs more (fixed_ef). */
  uint32_t default_ef;
  /**
   * The recall of searches for 10 vectors with so many candidates, 0 to 1, that the index measured on a sample of
   * its rows when it had last doubled, or grown by a quarter where 100 candidates are not enough; -1 where none was measured, as in an
   * index of under 2,000 rows. With fixed_ef or a larger hnsw_ef_search: with the number that it would take.
   */
  double index_recall;
} syna_mmap_stats;

/**
 * What the store holds, what it takes, and how far it has come.
 *
 * store      a handle.
 * out_stats  BORROWED for the call: a struct whose struct_size is set.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _IO, _POISONED.
 * On failure: *out_stats is not written.
 * Threads: any; waits for a write, a checkpoint or an index build that is under way. Cost: a look at two
 * files.
 */
syna_mmap_status syna_mmap_get_stats(const syna_mmap *store,
                                     syna_mmap_stats *out_stats,
                                     syna_mmap_error *error);

/* ---- Readers beside a writer --------------------------------------------------------------------------------- */

/**
 * Moves a store that was opened with SYNA_MMAP_OPEN_READ_ONLY on to the newest state of its file. Until
 * then it answers as it did when it was opened, whatever another process writes.
 *
 * What the store answers is at each moment what it would have answered after one of the writes, in their
 * order; never half of one. Searches that are under way end in the state that they began with. What was
 * borrowed from results and cursors stays as it was. Where a compaction has replaced the file, the old one
 * is kept, with its disk space, until what was borrowed is freed. Does nothing for a store that was opened
 * for writing: it always is at the newest state.
 *
 * store        a handle.
 * out_changed  BORROWED for the call: whether there was anything new. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _NOT_FOUND (the file is gone),
 * _CORRUPT, _IO, _NO_MEMORY, _POISONED and, where the file was replaced by another one, whatever
 * syna_mmap_open answers for that.
 * On failure: *out_changed is not written, and the store answers from a whole state, the old one or a newer
 * one.
 * Threads: any. Look-ups by key wait for it; searches go on. Cost: reads the keys that are new; all of them
 * where the file was replaced.
 */
syna_mmap_status syna_mmap_refresh(syna_mmap *store, bool *out_changed, syna_mmap_error *error);

/* ---- Results ------------------------------------------------------------------------------------------------- */

/**
 * What a search found, and the memory that searches work in. OWNED by you: free it with
 * syna_mmap_results_free.
 *
 * Make one for each thread that searches and use it again and again: then a search allocates nothing.
 * Threads: one at a time. A search into results that another thread is using is
 * SYNA_MMAP_ERR_INVALID_ARGUMENT and leaves them to it; other functions answer as for a bad handle then.
 * Outlives: it belongs to no store and serves any of them. What it points to stays alive and as it was
 * until the next search into it or its end, even if the store is closed or the rows are deleted meanwhile;
 * so it also keeps that disk space.
 * Fork: a child can only free it.
 */
typedef struct syna_mmap_results syna_mmap_results;

/**
 * One answer of a search, an element of the array that syna_mmap_results_hits gives. All of it is BORROWED
 * until the results are searched into again or freed, also past syna_mmap_close. This struct never grows.
 */
typedef struct syna_mmap_hit {
  /** The key: UTF-8, any content, without a NUL at its end. BORROWED as said above. Not NULL. */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /** The distance to the query; smaller is nearer, whatever the metric. */
  float distance;
  /** 0. */
  uint32_t reserved;
  /** The vector as it is stored: `dimensions` floats, read-only memory. BORROWED as said above. */
  const float *vector;
  /** The row's number: rows count up from 0 as they are inserted, and no number is given twice. */
  uint64_t row;
} syna_mmap_hit;

/**
 * Makes results to search into.
 *
 * out_results  BORROWED for the call. On success a handle that is OWNED by you: free it with
 *              syna_mmap_results_free.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NO_MEMORY, _LIMIT (handles).
 * On failure: *out_results is not written.
 * Threads: any. Cost: small; the memory comes with the first search.
 */
syna_mmap_status syna_mmap_results_new(syna_mmap_results **out_results, syna_mmap_error *error);

/**
 * Frees results, and with them everything that was borrowed from them.
 *
 * results  a handle. NULL, or one that was freed: nothing is done.
 *
 * Threads: one at a time; waits for a search into them that another thread has under way. Cost: small.
 */
void syna_mmap_results_free(syna_mmap_results *results);

/**
 * The hits of the last search, by ascending distance; rows at the same distance by ascending row. After a
 * batch: the hits of its queries, one query after the other.
 *
 * results    a handle.
 * out_count  BORROWED for the call: how many there are, 0 also for a bad handle. May be NULL.
 *
 * Returns: the first of them, BORROWED until the results are searched into again or freed; NULL where
 * there are none.
 * Threads: one at a time. Cost: none to speak of.
 */
const syna_mmap_hit *syna_mmap_results_hits(const syna_mmap_results *results, size_t *out_count);

/**
 * The hits of one query of the last syna_mmap_search_batch, by ascending distance; rows at the same
 * distance by ascending row. After another search, query 0 has all hits.
 *
 * results    a handle.
 * query      the query, from 0.
 * out_count  BORROWED for the call: how many there are, 0 also for a bad handle and where there is no such
 *            query. May be NULL.
 *
 * Returns: the first of them, BORROWED until the results are searched into again or freed; NULL where
 * there are none. They are a part of the array of syna_mmap_results_hits, so the difference of the two
 * pointers is the index that syna_mmap_results_tags and syna_mmap_results_payload want.
 * Threads: one at a time. Cost: none to speak of.
 */
const syna_mmap_hit *syna_mmap_results_query_hits(const syna_mmap_results *results,
                                                  size_t query,
                                                  size_t *out_count);

/**
 * Whether the search for one query of the last syna_mmap_search_batch came to its deadline or to the most
 * visits; false for a bad handle and where there is no such query.
 *
 * results  a handle.
 * query    the query, from 0.
 *
 * Threads: one at a time. Cost: none to speak of.
 */
bool syna_mmap_results_query_is_partial(const syna_mmap_results *results, size_t query);

/**
 * Whether the last search, or one of a batch, came to its deadline or to the most visits, so that its hits
 * are the best found until then; false for a bad handle.
 *
 * results  a handle.
 *
 * Threads: one at a time. Cost: none to speak of.
 */
bool syna_mmap_results_is_partial(const syna_mmap_results *results);

/**
 * The tags of a hit: the number that was written with its row, 0 where none was; 0 also for a bad handle
 * and where there is no such hit.
 *
 * results  a handle.
 * index    the hit, from 0, as in the array of syna_mmap_results_hits.
 *
 * Threads: one at a time. Cost: one look-up.
 */
uint64_t syna_mmap_results_tags(const syna_mmap_results *results, size_t index);

/**
 * The payload of a hit: the bytes that were written with its row.
 *
 * results  a handle.
 * index    the hit, from 0, as in the array of syna_mmap_results_hits.
 * out_len  BORROWED for the call: how many bytes there are; 0 where the row has none, where there is no
 *          such hit, and for a bad handle. May be NULL.
 *
 * Returns: the first of them, read-only memory, aligned to 1 byte, BORROWED until the results are searched
 * into again or freed; NULL where there are none.
 * Threads: one at a time. Cost: one look-up.
 */
const uint8_t *syna_mmap_results_payload(const syna_mmap_results *results, size_t index, size_t *out_len);

/* ---- How to search, and for which rows ----------------------------------------------------------------------- */

/**
 * A condition of your own: whether a row may be found.
 *
 * context  BORROWED for the callback: the filter_context of the options, as it is.
 * row      BORROWED for the callback, with all that it points to.
 *
 * Returns: true for a row that may be found. It is asked at most once a row and search, for rows that meet all
 * other conditions, in no order; in a batch at most once a row and query, and once more for up to 256 rows, by
 * which the way to search is chosen. It is not asked after the deadline.
 * It must not call this library (what has a status answers SYNA_MMAP_ERR_INVALID_ARGUMENT there, the rest 0,
 * false or NULL) and has to return: no exception of C++ or the like and no longjmp may leave it, which would
 * be undefined behaviour.
 * Threads: the caller's; in syna_mmap_search_batch also the store's `threads`, several at once. Cost:
 * yours, times the rows that are asked about, which may be all of them.
 */
typedef bool (*syna_mmap_filter_callback)(void *context, const syna_mmap_row *row);

/**
 * How a search is done, and which rows it may find: those that meet every condition. It is yours, with all
 * that it points to: BORROWED by the search for the call, so all of it may go out of scope after that.
 *
 * With conditions, a search still finds k rows wherever k rows meet them. It costs at most about 1.5 times
 * what asking about every row and comparing those that pass would.
 *
 * Fill it by syna_mmap_search_options_init. Threads: plain memory. It grows at its end in later versions.
 */
typedef struct syna_mmap_search_options {
  /** sizeof(syna_mmap_search_options). */
  size_t struct_size;
  /**
   * The most candidates to look at: more is slower and finds more. A search that has found its k rows well
   * before looks at fewer, but not under the dot product. 0: hnsw_ef_search, or more where the index
   * needs more (fixed_ef). Less than k counts as k.
   */
  uint32_t ef;
  /** Other than 0: compare the query with every vector instead of using the index. Default 0. */
  uint32_t exact;
  /**
   * Microseconds from the start of the call after which the search ends with the best hits so far, which
   * may be fewer than k or none: syna_mmap_results_is_partial tells. The clock is looked at now and then,
   * and before each call of a filter, so it ends somewhat later. 0: no deadline. Default 0.
   */
  uint64_t deadline_us;
  /**
   * Rows after which the search for a query ends with the best hits so far, as after a deadline: those
   * that a walk through the index visits, and those that are compared one by one. Rows that do not meet the
   * conditions are not compared: only deadline_us bounds how many are asked about. 0: no bound. Default 0.
   */
  uint64_t max_visits;
  /** Condition: the row has at least one of these tags. 0: none. Default 0. */
  uint64_t tags_any;
  /** Condition: the row has all of these tags. 0: none. Default 0. */
  uint64_t tags_all;
  /** Condition: the row has none of these tags. 0: none. Default 0. */
  uint64_t tags_none;
  /**
   * BORROWED for the call. Condition: the key begins with these bytes, which are UTF-8. May be NULL where
   * key_prefix_len is 0.
   */
  const char *key_prefix;
  /** Bytes of key_prefix. 0: no condition. Default 0. */
  size_t key_prefix_len;
  /**
   * BORROWED for the call. Condition: the row's bit is set, bit row % 64 of row_bitmap[row / 64]; rows
   * past the end do not pass, so that with 0 words none does. NULL: no condition. A compaction gives rows
   * new numbers. Default NULL.
   */
  const uint64_t *row_bitmap;
  /** Elements of row_bitmap. */
  size_t row_bitmap_words;
  /** Condition: the callback returns true. NULL: no condition. Default NULL. */
  syna_mmap_filter_callback filter;
  /** BORROWED for the call: handed to the callback and not looked at. May be NULL. */
  void *filter_context;
  /**
   * Of syna_mmap_search_range, other than 0: take what the index finds, which may lack rows, instead of
   * comparing all vectors. Without effect where there are conditions. Default 0.
   */
  uint32_t approximate;
  /** 0. */
  uint32_t reserved;
} syna_mmap_search_options;

/**
 * Fills `options` with the defaults.
 *
 * options      BORROWED for the call: `struct_size` bytes that are written, whatever they were before.
 *              NULL, not aligned, or a struct_size below sizeof(size_t) or above 4,096: nothing is done.
 * struct_size  sizeof(syna_mmap_search_options) where your program is compiled; becomes the member of that
 *              name.
 *
 * Threads: any, in callbacks too. Cost: none to speak of.
 */
void syna_mmap_search_options_init(syna_mmap_search_options *options, size_t struct_size);

/* ---- Searching ----------------------------------------------------------------------------------------------- */

/**
 * Finds the `k` stored vectors that are nearest to `query`, or all of them where there are fewer.
 *
 * Without an index, and with `exact`, the answer is exact. With one it is nearly so: `ef` trades time for
 * how nearly. A vector whose insert has returned is a candidate at once, in the index or not.
 *
 * store    a handle.
 * query    COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * k        at most 16,777,216; 0 is OK and finds nothing.
 * options  BORROWED for the call. NULL: the defaults.
 * results  a handle; its former hits are gone, whatever this returns. Read them by syna_mmap_results_hits.
 * error    BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also past the deadline or the most visits (ask syna_mmap_results_is_partial), or
 * SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_VECTOR (NaN or infinity in the query), _INVALID_KEY (the prefix
 * is not UTF-8), _INVALID_HANDLE (of the store or the results), _LIMIT (k or ef), _NO_MEMORY, _POISONED.
 * On failure: the results are empty, unless another thread is using them (_INVALID_ARGUMENT).
 * Threads: any, each with its own results. Cost: with an index some hundred distances; without, or exact,
 * one for each row. No allocation once the results have grown to what such searches need.
 */
syna_mmap_status syna_mmap_search(const syna_mmap *store,
                                  const float *query,
                                  size_t k,
                                  const syna_mmap_search_options *options,
                                  syna_mmap_results *results,
                                  syna_mmap_error *error);

/**
 * Finds the `k` stored vectors that are nearest to the one of a key, which is itself left out: more like
 * this one.
 *
 * store    a handle.
 * key      COPIED: `key_len` bytes of UTF-8, any content. May be NULL where `key_len` is 0, the empty key.
 * k        as in syna_mmap_search.
 * options  BORROWED for the call. NULL: the defaults.
 * results  a handle; its former hits are gone, whatever this returns. Read them by syna_mmap_results_hits.
 * error    BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_search, or SYNA_MMAP_ERR_NOT_FOUND (there is no such key), _INVALID_KEY.
 * On failure, threads, cost: as syna_mmap_search.
 */
syna_mmap_status syna_mmap_search_key(const syna_mmap *store,
                                      const char *key,
                                      size_t key_len,
                                      size_t k,
                                      const syna_mmap_search_options *options,
                                      syna_mmap_results *results,
                                      syna_mmap_error *error);

/**
 * Finds all stored vectors at most `max_distance` from `query`, however many they are.
 *
 * Every vector is compared, so that none is missed, in the index or not. The option `approximate` takes the
 * index's answer instead: fast where there are few such vectors, but some may be missing.
 *
 * store         a handle.
 * query         COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * max_distance  the greatest distance of a hit, in the store's metric. Infinity finds all. For the dot
 *               product, whose distance is the product with its sign changed, less than 0 has a meaning.
 * options       BORROWED for the call. NULL: the defaults. `ef` counts with `approximate` only.
 * results       a handle; its former hits are gone, whatever this returns. Read them by
 *               syna_mmap_results_hits.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_search, or SYNA_MMAP_ERR_INVALID_ARGUMENT (max_distance is NaN), _NO_MEMORY (for so
 * many hits).
 * On failure, threads: as syna_mmap_search. Cost: a distance for each row; with `approximate` a few for
 * each hit.
 */
syna_mmap_status syna_mmap_search_range(const syna_mmap *store,
                                        const float *query,
                                        float max_distance,
                                        const syna_mmap_search_options *options,
                                        syna_mmap_results *results,
                                        syna_mmap_error *error);

/**
 * Finds the `k` nearest stored vectors for each of several queries, over the rows of one moment.
 *
 * The hits of all queries lie in one array, query after query: syna_mmap_results_query_hits gives those of
 * one. A query that cannot be searched for has a status of its own and no hits; the others are searched for.
 * The store's `threads` share the queries. Where every vector is compared (without an index, with `exact`,
 * where few meet the conditions), up to 64 queries share one pass over the vectors; the distances are those
 * of single searches, bit for bit.
 *
 * store         a handle.
 * queries       COPIED: count x dimensions floats, one query after the other, aligned to 4 bytes.
 * count         queries. 0: `queries` and `out_statuses` may be NULL.
 * k             as in syna_mmap_search.
 * options       BORROWED for the call. NULL: the defaults. The deadline is that of the call: queries whose turn
 *               comes later are partial and find nothing.
 * results       a handle; its former hits are gone, whatever this returns.
 * out_statuses  BORROWED for the call: room for `count` statuses, SYNA_MMAP_OK or
 *               SYNA_MMAP_ERR_INVALID_VECTOR. May be NULL: then a query that cannot be searched for fails
 *               the call.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_search.
 * On failure: out_statuses is not written; the results are empty, unless another thread is using them
 * (_INVALID_ARGUMENT).
 * Threads: any, each with its own results. Cost: as so many searches, or less. It allocates.
 */
syna_mmap_status syna_mmap_search_batch(const syna_mmap *store,
                                        const float *queries,
                                        size_t count,
                                        size_t k,
                                        const syna_mmap_search_options *options,
                                        syna_mmap_results *results,
                                        syna_mmap_status *out_statuses,
                                        syna_mmap_error *error);

/**
 * Takes every stored vector into the index, makes it where there is none, and then makes a checkpoint.
 * syna_mmap_build_index_with tells how far it is; syna_mmap_index_step does a part of it.
 *
 * Every vector can be found before, during and after it. The index is derived from the stored vectors and
 * can always be made again. Deleted and replaced vectors stay in it and make searches slower; where they are a
 * quarter of it, this call makes it anew without them, which takes as long as the first time and as much
 * memory again as the index has, until it is done.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY,
 * _CANCELLED (syna_mmap_interrupt), _POISONED.
 * On failure: searches use what there is of the index.
 * Threads: any; searches and writes go on meanwhile. Cost: seconds to minutes, growing a little faster
 * than the number of vectors; it is shared by the `threads` of the options.
 */
syna_mmap_status syna_mmap_build_index(syna_mmap *store,
                                       syna_mmap_error *error);

/**
 * Whether searches have an index to use; false for a bad handle.
 *
 * store  a handle.
 *
 * Threads: any. Cost: none to speak of.
 */
bool syna_mmap_has_index(const syna_mmap *store);

/* ---- Indexing, at once or in steps --------------------------------------------------------------------------- */

/**
 * What a long call tells of its progress, on the thread that made it.
 *
 * context  BORROWED for the callback: the pointer that was given with the callback, as it is.
 * done     rows that are done in this part of the work.
 * total    rows of this part of the work.
 *
 * Returns: true to go on; false to end the call, which then answers SYNA_MMAP_ERR_CANCELLED.
 * It has to return: no exception of C++ or the like and no longjmp may leave it, which would be undefined
 * behaviour.
 * It may call everything on any store, this one too, except for closing this one and, in a compaction, the
 * functions named syna_mmap_compact* on it, which are refused with SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not
 * wait for a thread that closes this one: that one waits for the call to end.
 * Threads: the caller's. Cost: yours.
 */
typedef bool (*syna_mmap_progress_callback)(void *context, uint64_t done, uint64_t total);

/**
 * Does what syna_mmap_build_index does, and tells how far it is; the callback can end it.
 *
 * store     a handle.
 * callback  told how many rows of how many are in the index, after every 512 rows, and with all of them in
 *           it now and then while they are checked. May be NULL.
 * context   BORROWED for the call: handed to the callback and not looked at. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_build_index, or SYNA_MMAP_ERR_CANCELLED: the rows that are in the index stay there,
 * searches use it, and a later call goes on.
 * Threads: any; searches and writes go on meanwhile. Cost: as syna_mmap_build_index.
 */
syna_mmap_status syna_mmap_build_index_with(syna_mmap *store,
                                            syna_mmap_progress_callback callback,
                                            void *context,
                                            syna_mmap_error *error);

/**
 * Takes rows into the index for about as long as `budget_us` says, on this thread: for a program that has so
 * much time in each frame. Makes the index where there is none.
 *
 * Rows that are not in the index are compared one by one by each search. They enter it in batches of up to
 * 512, each of them the work of many calls, so *out_remaining goes down by leaps. Once it is 0, calls go on
 * checking older rows, and making an index anew of which a quarter is deleted vectors, for their budget at
 * most, until all that is due is done; then they return at once.
 * Steps of any length make the index that syna_mmap_build_index makes, if no rows come between.
 *
 * A call does one item of work at least, which takes as long as a search or less, and begins none that would
 * not fit any more. It is late where the system takes the processor away or takes long to give memory (a
 * page of 2 MB every few hundred rows), and where a table of the index is made larger: 32 bytes a row are
 * cleared, each time the rows have doubled. Where another thread is working on the index, a call does nothing.
 *
 * store          a handle.
 * budget_us      microseconds; 0: one item of work.
 * out_remaining  BORROWED for the call: how many rows are not in the index. May be NULL.
 * error          BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_MEMORY, _POISONED.
 * On failure: *out_remaining is not written; what is in the index stays.
 * Threads: any; searches and writes go on meanwhile. Cost: the budget.
 */
syna_mmap_status syna_mmap_index_step(syna_mmap *store,
                                      uint64_t budget_us,
                                      uint64_t *out_remaining,
                                      syna_mmap_error *error);

/* ---- Giving space back, and copying -------------------------------------------------------------------------- */

/**
 * Writes the live rows into a new file that takes the old one's place: gives back the disk space of what was
 * deleted or replaced. Rows get new numbers, in the old order; the index is made anew if there is one.
 *
 * Searches and writes go on meanwhile; writes wait for its last moments. Results, cursors and what was
 * borrowed from them stay as they were. The old file is closed, and its disk space comes back, when the
 * last results and cursors that borrow from it are freed or searched into again. Other processes that read the old file go on with it until
 * syna_mmap_refresh. Needs disk space for the new file, under a temporary name in the store's folder.
 *
 * store     a handle.
 * callback  told how many rows of how many were copied, then how many are in the index. May be NULL.
 * context   BORROWED for the call: handed to the callback and not looked at. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK: everything is safe from a power cut too; or SYNA_MMAP_ERR_INVALID_HANDLE,
 * _INVALID_ARGUMENT (another compaction of the store is in a call), _READ_ONLY, _CANCELLED, _CORRUPT (a
 * vector differs from its checksum: see syna_mmap_salvage), _NO_SPACE, _NO_MEMORY, _IO, _POISONED.
 * On failure: the store goes on with the old file. (Where the system could not make sure of the new file's
 * name, _IO, it goes on with the new one and refuses writes; where the index could not be saved, without.)
 * Threads: any. Cost: reads and writes all live rows, makes the index, syncs.
 */
syna_mmap_status syna_mmap_compact(syna_mmap *store,
                                   syna_mmap_progress_callback callback,
                                   void *context,
                                   syna_mmap_error *error);

/**
 * Does a part of what syna_mmap_compact does, for about as long as `budget_us` says. Call it until
 * *out_done is true; between two calls anything may be done with the store.
 *
 * A call does one step at least: 1,024 rows copied, or 512 taken into the index. Some steps are longer: the
 * first looks at all keys; where there is an index, one checks all its rows; one syncs the new file, and
 * the last one syncs the rest.
 *
 * store      a handle.
 * budget_us  microseconds; 0: one step.
 * out_done   BORROWED for the call: whether the compaction is done.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_compact. On failure: *out_done is not written; the next call begins anew.
 * Threads: any. Cost: the budget, or a step.
 */
syna_mmap_status syna_mmap_compact_step(syna_mmap *store,
                                        uint64_t budget_us,
                                        bool *out_done,
                                        syna_mmap_error *error);

/**
 * Gives up a compaction that syna_mmap_compact_step has begun, and removes what it has copied. Closing the
 * store does so too.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also where none was begun, or SYNA_MMAP_ERR_INVALID_HANDLE, _INVALID_ARGUMENT (the
 * compaction is in a call), _POISONED.
 * Threads: any. Cost: the removal of a file.
 */
syna_mmap_status syna_mmap_compact_cancel(syna_mmap *store, syna_mmap_error *error);

/**
 * Writes the live rows of this moment into the new file `path`: a backup, while searches and writes go on.
 * The copy is a store of its own, as small as after a compaction, and has no index: opened for writing it
 * makes one. Works for a store that was opened read-only too.
 *
 * store     a handle.
 * path      COPIED. A path as for syna_mmap_open, of a file that does not exist.
 * callback  told how many rows of how many were looked at. May be NULL.
 * context   BORROWED for the call: handed to the callback and not looked at. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK: the copy is safe from a power cut; or SYNA_MMAP_ERR_INVALID_HANDLE,
 * _INVALID_ARGUMENT, _CANCELLED, _CORRUPT (a vector differs from its checksum), _NO_SPACE, _NO_MEMORY, _IO
 * (also where `path` exists), _POISONED.
 * On failure: there is no file `path`, or the one that was there is as it was.
 * Threads: any; a write that is under way is waited for at the beginning. Cost: reads and writes all live
 * rows, syncs.
 */
syna_mmap_status syna_mmap_snapshot_to(const syna_mmap *store,
                                       const char *path,
                                       syna_mmap_progress_callback callback,
                                       void *context,
                                       syna_mmap_error *error);

/* ---- Verifying and salvaging --------------------------------------------------------------------------------- */

/**
 * The row's vector differs from its checksum: the disk has changed it. Save the others by
 * syna_mmap_salvage.
 */
#define SYNA_MMAP_PROBLEM_DAMAGED_VECTOR 1

/** A search through the index for the row's own vector does not find it. */
#define SYNA_MMAP_PROBLEM_HIDDEN 2

/** No chain of the index's links leads to the row, so no search through the index can find it. */
#define SYNA_MMAP_PROBLEM_UNREACHABLE 3

/**
 * What the index's file says of the row differs from its checksum: the disk has changed it. The index is not
 * used any more: searches compare all vectors until syna_mmap_build_index, or the next index that comes by
 * itself.
 */
#define SYNA_MMAP_PROBLEM_DAMAGED_LINKS 4

/**
 * No link of the index leads to the row, so it is a candidate of every search, as are more than one row in 50:
 * searches are slower than they need be, and find less. Not told where hnsw_m_max is under 16.
 */
#define SYNA_MMAP_PROBLEM_ORPHAN 5

/**
 * A row that is not as it should be. BORROWED until the callback that it was handed to returns, with the
 * key that it points to. This struct never grows.
 */
typedef struct syna_mmap_finding {
  /** The row's key: UTF-8, any content, without a NUL at its end. BORROWED as said above. Not NULL. */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /** The row's number, as in syna_mmap_hit. */
  uint64_t row;
  /** SYNA_MMAP_PROBLEM_*. Later versions add new ones: treat one that you do not know as damage. */
  uint32_t problem;
  /** 0. */
  uint32_t reserved;
} syna_mmap_finding;

/**
 * What syna_mmap_verify calls, on the thread that called it, never from two threads at once.
 *
 * context  BORROWED for the callback: the pointer that was given to syna_mmap_verify, as it is.
 * finding  BORROWED for the callback. NULL: a report of progress.
 * done     of progress: rows that were searched for so far; of a finding: its number, from 1.
 * total    of progress: how many rows that can be at most; of a finding: how many findings there are.
 *
 * Returns: true to go on; false to end the call, which then answers SYNA_MMAP_ERR_CANCELLED.
 * It has to return: no exception of C++ or the like and no longjmp may leave it, which would be undefined
 * behaviour.
 * It may call everything on any store, this one too, except for closing this one, which is refused with
 * SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not wait for a thread that closes this one: that one waits for
 * the call to end.
 * Threads: the caller's of syna_mmap_verify. Cost: yours; nothing is held up meanwhile but a close.
 */
typedef bool (*syna_mmap_verify_callback)(void *context,
                                          const syna_mmap_finding *finding,
                                          uint64_t done,
                                          uint64_t total);

/**
 * Proves that the store is whole: compares every vector with its checksum, follows the index's links to
 * every row, and (cosine and euclidean) searches through the index for each row by its own vector.
 *
 * Tells of its progress once for 1,024 rows of the index that were searched for, and at the end of each
 * finding, by ascending row; a row with two problems is two findings. Looks at the rows of the moment of
 * the call. After _HIDDEN, _UNREACHABLE and _ORPHAN, remove the file path.hnsw while the store is closed, open it
 * and call syna_mmap_build_index; after _DAMAGED_LINKS, call syna_mmap_build_index.
 *
 * store         a handle.
 * callback      called with findings and progress. May be NULL: then only counted.
 * context       BORROWED for the call: handed to the callback and not looked at. May be NULL.
 * out_findings  BORROWED for the call: how many findings there are; 0: the store is whole. May be NULL.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also with findings, or SYNA_MMAP_ERR_CORRUPT (the file's structure is damaged:
 * see syna_mmap_salvage), _CANCELLED (the callback returned false, or syna_mmap_interrupt), _INVALID_ARGUMENT, _INVALID_HANDLE,
 * _IO, _NO_MEMORY, _POISONED.
 * On failure: *out_findings is not written; what the callback has been told is true. The store is as it
 * was in any case.
 * Threads: any; searches and writes go on meanwhile, an index build is waited for. Cost: reads the whole
 * file (no progress is told of that), and makes a search for each row of the index.
 */
syna_mmap_status syna_mmap_verify(const syna_mmap *store,
                                  syna_mmap_verify_callback callback,
                                  void *context,
                                  uint64_t *out_findings,
                                  syna_mmap_error *error);

/**
 * Measures the recall of searches through the index, on the store as it is: `samples` stored vectors are
 * searched for through the index and exactly, each left out of its own hits, and it is counted how many of
 * the index's hits are as near as the exact ones.
 *
 * The vectors of a store are near each other: queries from elsewhere may fare worse. Rows that are written
 * meanwhile may lower the figure.
 *
 * store       a handle.
 * samples     how many vectors; where there are fewer, all of them. Not 0.
 * k           hits of each search. Not 0.
 * ef          candidates, as in syna_mmap_search_options. 0: the store's.
 * seed        which vectors: the same seed chooses the same ones, as long as no row comes or goes.
 * out_recall  BORROWED for the call: 0 to 1, 1 where there is nothing to compare, as without an index.
 * error       BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT (k or ef), _NO_MEMORY,
 * _CANCELLED (syna_mmap_interrupt), _POISONED.
 * On failure: *out_recall is not written.
 * Threads: any; the store's `threads` share the work. Cost: a pass over all vectors for each
 * 64 samples, for fewer where vectors are long.
 */
syna_mmap_status syna_mmap_check_recall(const syna_mmap *store,
                                        size_t samples,
                                        size_t k,
                                        uint32_t ef,
                                        uint64_t seed,
                                        double *out_recall,
                                        syna_mmap_error *error);

/**
 * Writes whatever is whole in the damaged file `from` into the new file `to`, with tags and payloads.
 * `from` is only read and stays as it is.
 *
 * A row is whole if its vector fits its checksum and the record of its write is whole. Where the record of
 * a deletion or of a replacement is damaged, what it took away is back. Rows get new numbers, in the old
 * order. The new file has no index: an insert builds it once the store has
 * index_threshold vectors, and syna_mmap_build_index does at once.
 *
 * from      COPIED. A path as for syna_mmap_open; no handle is needed, and it should not be open for
 *           writing.
 * to        COPIED. The path of a file that does not exist yet.
 * out_rows  BORROWED for the call: how many vectors are in the new file. May be NULL.
 * out_lost  BORROWED for the call: how many are known to have been in the old one besides, counted up to
 *           its last checkpoint. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also where vectors were lost, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NOT_FOUND
 * (`from`), _CORRUPT (too damaged, or no store), _UNSUPPORTED_VERSION, _LEGACY_FORMAT, _IO (also where
 * `to` exists), _NO_SPACE, _NO_MEMORY, _LOCKED, _POISONED.
 * On failure: *out_rows and *out_lost are not written. A file `to` that existed is as it was; one that did
 * not may be there now with a part of the vectors: remove it before you try again.
 * Threads: any. Cost: reads the old file and writes the new one, with a checkpoint.
 */
syna_mmap_status syna_mmap_salvage(const char *from,
                                   const char *to,
                                   uint64_t *out_rows,
                                   uint64_t *out_lost,
                                   syna_mmap_error *error);

/* ---- What the library has to say ----------------------------------------------------------------------------- */

/** Something that the program's users have to know: a sync failed, a call ended in a bug of the library. */
#define SYNA_MMAP_LOG_ERROR 1

/** Something is not as it was left: an index that does not fit, the rest of a compaction that was killed. */
#define SYNA_MMAP_LOG_WARNING 2

/** Rare work: batches recovered, an index made, a compaction. */
#define SYNA_MMAP_LOG_INFO 3

/** Work that is done again and again: checkpoints, rows taken into the index. */
#define SYNA_MMAP_LOG_DEBUG 4

/**
 * Hears what the library has to say: one line of text, in English, for people. A control character of a path
 * is shown as U+FFFD.
 *
 * context   BORROWED for the callback: the pointer that was given with the callback, as it is.
 * level     SYNA_MMAP_LOG_*.
 * text      BORROWED for the callback: UTF-8, NUL-terminated.
 * text_len  bytes of it, without the NUL.
 *
 * It must not call this library (what has a status answers SYNA_MMAP_ERR_INVALID_ARGUMENT there) and has to
 * return: no exception of C++ or the like and no longjmp may leave it, which would be undefined behaviour.
 * Threads: whichever was at work, several at once. Cost: yours, and the call waits for it.
 */
typedef void (*syna_mmap_log_callback)(void *context, uint32_t level, const char *text, size_t text_len);

/**
 * Sets who hears what the library has to say, of all stores of the process. Nobody does by default.
 *
 * most_level  SYNA_MMAP_LOG_*: that level and those with lower numbers are told.
 * callback    NULL: nobody hears it any more.
 * context     BORROWED until another callback is set: handed to the callback and not looked at. May be NULL.
 * error       BORROWED for the call. May be NULL.
 *
 * When it returns, the callback that was set before is in no call and will get none.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (a level that there is not; a program in Rust
 * that has a logger of the crate log of its own).
 * On failure: all is as before.
 * Threads: any, in a forked child too. Cost: none to speak of; it waits for a callback in flight.
 */
syna_mmap_status syna_mmap_set_log(uint32_t most_level,
                                   syna_mmap_log_callback callback,
                                   void *context,
                                   syna_mmap_error *error);

/* ---- The library --------------------------------------------------------------------------------------------- */

/**
 * The interface that this header describes. Grows only when programs compiled against an older one would
 * break.
 */
#define SYNA_MMAP_ABI_VERSION 1

/**
 * The library's version, such as "0.1.0".
 *
 * Returns: never NULL; BORROWED until the library is unloaded.
 * Threads: any. Cost: none to speak of.
 */
const char *syna_mmap_version(void);

/**
 * The number of the interface that the loaded library has; SYNA_MMAP_ABI_VERSION is the one that this
 * header describes. A program that finds another number than it was compiled with should not go on.
 *
 * Threads: any. Cost: none to speak of.
 */
uint32_t syna_mmap_abi_version(void);

/**
 * The name of a status, such as "SYNA_MMAP_ERR_LOCKED"; for a number that is none: "(unknown status)".
 *
 * Returns: never NULL; BORROWED until the library is unloaded.
 * Threads: any. Cost: none to speak of.
 */
const char *syna_mmap_status_name(syna_mmap_status status);

#ifdef __cplusplus
}
#endif

#endif /* SYNA_MMAP_H */
