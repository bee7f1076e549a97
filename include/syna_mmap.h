/*
 * syna-mmap: an embedded vector store in one memory-mapped file.
 *
 * A store holds vectors of 64 to 8,192 components (from 1 on if you ask for it), each under a unique key, and
 * finds the nearest vectors to a query. There is no server and no set-up: syna_mmap_open creates or opens the
 * file. A second file, whose name ends in ".hnsw", holds the index that makes searches fast. The index is
 * derived from the store; if it is missing or does not match the store, it is rebuilt.
 *
 * - A write is visible to every search that begins after it returned. It survives a kill of the process. After
 *   a power failure the store contains everything up to the last checkpoint (syna_mmap_checkpoint). Later
 *   batches may be lost, newest first, never half a batch.
 * - One process writes, any number of processes read. Within a process, all threads may call all functions at
 *   the same time.
 * - No file content can cause more than an error.
 * - The library prints nothing and installs no signal handlers. It starts no threads unless asked: the option
 *   `threads` allows them for index builds, batch searches, large batches of rows and opening large indexes;
 *   the option `index_worker` starts one background thread. These threads block all signals. If the system
 *   cannot start a thread, the calling thread does the work (an open with `index_worker` fails instead).
 * - Results do not depend on the caller's floating-point environment (rounding mode, flush to zero, enabled
 *   exceptions). A call restores that environment before it returns and before it calls a callback (x86-64 and
 *   AArch64).
 * - Not protected against: failing media, disks that report a sync as complete before it is, network file
 *   systems, and another program that truncates a file in use (SIGBUS).
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
 *     syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
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
 * FUNCTIONS, without the prefix syna_mmap_. Filters and paging are members of syna_mmap_search_options.
 *
 *   lifecycle    options_init, open, close, interrupt, reserve, open_in_memory, open_at, open_memory, path,
 *                get_options, set_ef_search, set_checkpoint_interval, get_user_block, set_user_block
 *   durability   checkpoint, flush, is_dirty, last_durable_seq
 *   readers      refresh
 *   columns      columns, get_value, results_column, hash64
 *   write        insert, upsert, put, delete, insert_batch, upsert_batch, delete_batch, write, delete_where,
 *                update, set_tags, set_payload
 *   read         get, get_view, get_batch, get_tags, get_payload, contains, len, dimensions, metric, key_kind,
 *                element, vector_bytes, decode_vector, row_of, get_row, count_where, rows_where, distance
 *   iterate      cursor_new, cursor_next, cursor_free
 *   results      results_new, results_hits, results_query_hits, results_tags, results_payload,
 *                results_vector, results_stored, results_is_partial, results_query_is_partial, results_free
 *   filters      search_options_init
 *   search       search, search_key, search_range, search_batch
 *   index        build_index, has_index, build_index_with, index_step
 *   maintenance  compact, compact_step, compact_cancel, snapshot_to
 *   diagnostics  get_stats, verify, check_recall, salvage, status_name
 *   hosts        set_log, version, abi_version
 *
 * OWNERSHIP. The comment on each pointer contains one of three words:
 *   BORROWED (until when)   The memory belongs to the other side, which keeps it valid until then. "For the
 *                           call": the library uses it during the call and keeps no pointer to it.
 *   OWNED (freed by what)   The object belongs to you. Free it once, with that function.
 *   COPIED                  The library reads the memory during the call and never again.
 * No function frees memory that you allocated. Never pass memory of the library to free(). NULL is refused with
 * SYNA_MMAP_ERR_INVALID_ARGUMENT unless the text says that it may be NULL. A pointer that is not aligned for
 * its type (4 bytes for float, 8 for uint64_t) is refused in the same way. A pointer with a length of 0 may be
 * NULL or any other value.
 *
 * HANDLES. syna_mmap *, syna_mmap_results * and syna_mmap_cursor * are opaque tokens, not addresses. A handle
 * that is NULL, closed, freed, of another type or made up causes SYNA_MMAP_ERR_INVALID_HANDLE. Functions
 * without a status return 0, false or NULL for it. (With 32-bit pointers, a closed handle can become valid
 * again after 32,768 further handles.)
 *
 * THREADS. All threads may use a syna_mmap at the same time. A syna_mmap_results, a syna_mmap_cursor, an
 * options struct or an error struct is for one thread at a time. syna_mmap_close waits for the calls in
 * progress. No object is tied to the thread that created it. A call needs 64 KiB of stack. No function may be
 * called in a signal handler.
 *
 * CALLBACKS. A callback must return normally: no exception and no longjmp may leave it. The comment on its
 * type says which functions it may call.
 *
 * FORK. A child process cannot use the handles of its parent: SYNA_MMAP_ERR_INVALID_HANDLE. It may close and
 * free them, which changes nothing for the parent, or ignore them. It may open files itself. Other threads of
 * the parent may be in calls during the fork. The parent's lock on the file lasts until the parent closes the
 * store. If the parent ends without closing it (if it is killed, for example), the lock lasts until each of
 * its forked children has closed the inherited handle, called exec, or ended. If a thread of the parent was
 * in a call on the store during the fork, closing the inherited handle is not enough. exec closes all
 * descriptors of the library. A child of vfork may not call the library. A child that was forked in a
 * callback must not return from it.
 *
 * ERRORS. A call that can fail returns a syna_mmap_status: SYNA_MMAP_OK (0) on success. The last argument,
 * which is optional, receives the details: see syna_mmap_error. Outputs (out_*) are written only on success,
 * the error struct only on failure. Results are empty after a failed search. A failed write has written
 * nothing (exception: SYNA_MMAP_ERR_IO, see there). Any call with a handle can also return
 * SYNA_MMAP_ERR_POISONED. If the library has a bug, a call can return SYNA_MMAP_ERR_INTERNAL. The object is
 * poisoned then: every later call on it except close returns SYNA_MMAP_ERR_POISONED.
 *
 * STRUCT_SIZE. A struct that can grow begins with its size. Set it to sizeof, or use the _init function or
 * the _INIT macro. A program that was compiled with an older header passes a shorter struct; the members it
 * lacks have their defaults. A program that was compiled with a newer header passes a longer struct. The
 * members that this library does not know must be zero, otherwise the call returns
 * SYNA_MMAP_ERR_INVALID_ARGUMENT; in syna_mmap_stats they are set to zero. A size that ends inside a member
 * or exceeds 4,096 is refused in the same way. A size of 0 is accepted only in syna_mmap_error, where it
 * means the size in version 0.1.0.
 *
 * ELEMENT TYPES. A store keeps the components of its vectors as floats of 4 bytes, as floats of 2 bytes (IEEE
 * 754 binary16), or as integers of 1 byte with one scale per vector: the member `element` of
 * syna_mmap_options, fixed when the file is created. A smaller type takes less disk and page cache, and exact
 * searches read less memory; the index has the same size. Calls take and return floats in any case. A vector
 * is rounded when it is written, and distances are those of the rounded vectors, computed in floats. Queries
 * are not rounded.
 *   Floats of a stored vector: syna_mmap_results_vector, syna_mmap_get, syna_mmap_get_batch, and
 * syna_mmap_decode_vector, which converts stored bytes. Stored bytes: syna_mmap_results_stored, the member
 * `stored` of syna_mmap_row, and the member `vector` of syna_mmap_view, which is never NULL: check its member
 * `element` before you treat it as floats. The members `vector` of syna_mmap_hit and syna_mmap_row are NULL
 * in a store of another type than SYNA_MMAP_ELEMENT_F32; a program that opens files with options NULL or with
 * SYNA_MMAP_ELEMENT_FROM_FILE must expect that. Only syna_mmap_write takes stored bytes (vectors_element).
 * Later versions may add types.
 *
 * COLUMNS. A store may have up to 16 columns: a value of 8 bytes for each row, under a name and of one kind:
 * int64_t, uint64_t or double. They are fixed when the file is created (the members `columns` and column_count
 * of syna_mmap_options). An open without them accepts any; syna_mmap_columns lists those of the file.
 *
 *   syna_mmap_column year = {"year", SYNA_MMAP_COLUMN_I64};
 *   int64_t years[2] = {1999, 2024};
 *   syna_mmap_column_values values = {0, SYNA_MMAP_COLUMN_I64, years};
 *   syna_mmap_value value;
 *
 *   options.columns = &year;     // before syna_mmap_open of a new file
 *   options.column_count = 1;
 *   batch.columns = &values;     // before syna_mmap_write of a batch of two rows
 *   batch.column_count = 1;
 *   syna_mmap_get_value(store, "first", 5, 0, &value, &error);     // value.i64 is 1999
 *
 *   syna_mmap_write and syna_mmap_update take values. Every other write stores 0 in all columns, as
 * syna_mmap_write does in columns that a batch leaves out; syna_mmap_update leaves those as they are. NaN is
 * refused. Values are read with syna_mmap_get_value, syna_mmap_results_column, and the member `values` of
 * syna_mmap_row: in iteration, by row number, and in filter callbacks. A text that is only compared for
 * equality is stored as its syna_mmap_hash64.
 *
 * LIMITS. Dimensions: 64 to 8,192, or from 1 on with SYNA_MMAP_OPEN_SMALL_DIMENSIONS. Keys: 0 to 65,535
 * bytes, NUL bytes allowed; text keys are UTF-8. Payloads: 1 MiB a row. Keys and payloads of one batch: 1
 * GiB. Tags: 64 bits. Columns: 16, with names of 1 to 32 bytes, UTF-8. Rows over a file's life: 4,294,967,294;
 * a compaction starts a new file. Rows in an index: 2,147,483,647, and 1,073,741,822 different vectors;
 * searches compare the rows beyond with the query. Hits or candidates of one search: 16,777,216. Open handles:
 * 16,777,200 (8,176 with 32-bit pointers). A call that exceeds a limit returns SYNA_MMAP_ERR_LIMIT, or the
 * error named after what is too large. Threads: 1,024; a larger number is SYNA_MMAP_ERR_INVALID_ARGUMENT. So
 * is an invalid name of a column.
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

/** Success. */
#define SYNA_MMAP_OK 0

/** An argument is never valid: a pointer is NULL or misaligned, a flag is unknown, ... */
#define SYNA_MMAP_ERR_INVALID_ARGUMENT 1

/** The dimensions are above SYNA_MMAP_MAX_DIMENSIONS, or 1 to 63 without SYNA_MMAP_OPEN_SMALL_DIMENSIONS. */
#define SYNA_MMAP_ERR_INVALID_DIMENSIONS 2

/** The file has other dimensions than the options. */
#define SYNA_MMAP_ERR_DIMENSION_MISMATCH 3

/** The file has another metric than the options. */
#define SYNA_MMAP_ERR_METRIC_MISMATCH 4

/**
 * A vector has a component that is NaN or infinite, or, in a write, one that the element type of the store
 * cannot hold; or stored bytes of a write are no vector.
 */
#define SYNA_MMAP_ERR_INVALID_VECTOR 5

/** A key is longer than SYNA_MMAP_MAX_KEY_BYTES, or is not valid UTF-8 in a store of text keys. */
#define SYNA_MMAP_ERR_INVALID_KEY 6

/** The key or the file does not exist. */
#define SYNA_MMAP_ERR_NOT_FOUND 7

/** Another writer, in this process or another one, has the file open. */
#define SYNA_MMAP_ERR_LOCKED 8

/** The call writes, and the store is open read-only. */
#define SYNA_MMAP_ERR_READ_ONLY 9

/** The file is damaged, or is not a store. */
#define SYNA_MMAP_ERR_CORRUPT 10

/** The file needs a newer version of the library. */
#define SYNA_MMAP_ERR_UNSUPPORTED_VERSION 11

/** The file has the older MVEC format and must be imported into a new file. */
#define SYNA_MMAP_ERR_LEGACY_FORMAT 12

/**
 * The system refused an operation; os_errno says why. After a write that failed with this status it is
 * unknown whether the write was stored: open the store again to find out.
 */
#define SYNA_MMAP_ERR_IO 13

/**
 * The disk is full, or a quota or the system's file size limit is reached. The store is unchanged and
 * remains usable.
 */
#define SYNA_MMAP_ERR_NO_SPACE 14

/** Out of memory. The store is unchanged and remains usable. */
#define SYNA_MMAP_ERR_NO_MEMORY 15

/** A handle is NULL, closed, made up, of another type, or belongs to the parent process. */
#define SYNA_MMAP_ERR_INVALID_HANDLE 16

/**
 * An earlier failure disabled the store. After a failed disk sync it refuses writes; after
 * SYNA_MMAP_ERR_INTERNAL it refuses all calls except syna_mmap_close. Close it and open it again.
 */
#define SYNA_MMAP_ERR_POISONED 17

/**
 * The library caught a bug of its own before it could do harm. Please report the message. The object is
 * poisoned.
 */
#define SYNA_MMAP_ERR_INTERNAL 18

/** A callback asked to stop the call, or syna_mmap_interrupt ended it. */
#define SYNA_MMAP_ERR_CANCELLED 19

/** A limit was exceeded; see LIMITS in the opening comment. */
#define SYNA_MMAP_ERR_LIMIT 20

/** The file has another kind of keys than the options. */
#define SYNA_MMAP_ERR_KEY_KIND_MISMATCH 21

/** The file has another label than the options expect: its vectors may come from another model. */
#define SYNA_MMAP_ERR_LABEL_MISMATCH 22

/** The file or the store has another element type (SYNA_MMAP_ELEMENT_*) than the options or the batch say. */
#define SYNA_MMAP_ERR_ELEMENT_MISMATCH 23

/** The file has other columns than the options. */
#define SYNA_MMAP_ERR_COLUMNS_MISMATCH 24

/**
 * The result of a call that can fail: SYNA_MMAP_OK or one of SYNA_MMAP_ERR_*.
 * The numbers are frozen. Later versions add new ones: treat an unknown number as an error.
 */
typedef int32_t syna_mmap_status;

/**
 * Why a call failed. You own it: it may lie in any memory, nothing in it must be freed, and it may outlive
 * every other object.
 *
 * Set struct_size once, for example with SYNA_MMAP_ERROR_INIT, and pass the struct to any number of calls.
 * A struct_size of 0 means the size in version 0.1.0, so a struct that is all zeros is valid.
 * The error struct is optional: every call accepts NULL. It is written only when a call fails, so check the
 * returned status, not the struct. If struct_size is invalid, the call does nothing, writes nothing to the
 * struct, and returns SYNA_MMAP_ERR_INVALID_ARGUMENT.
 * Threads: one at a time; give each thread its own.
 */
typedef struct syna_mmap_error {
  /** sizeof(syna_mmap_error), set by you. */
  size_t struct_size;
  /** The status that the call returned. */
  syna_mmap_status status;
  /**
   * The system's error number: errno, or GetLastError on Windows. 0 if the system did not cause
   * the error.
   */
  int32_t os_errno;
  /**
   * One UTF-8 sentence that says what went wrong and what to do. It always ends with a NUL and is cut only
   * between characters. A control character of a path or a key is shown as U+FFFD.
   */
  char message[256];
} syna_mmap_error;

/** Initializes a syna_mmap_error in C and C++: sets struct_size; all other members are zero. */
#define SYNA_MMAP_ERROR_INIT {sizeof(syna_mmap_error), 0, 0, ""}

/* ---- Limits -------------------------------------------------------------------------------------------------- */

/** The fewest dimensions of a store without SYNA_MMAP_OPEN_SMALL_DIMENSIONS. */
#define SYNA_MMAP_MIN_DIMENSIONS 64U

/** The most dimensions of a store. */
#define SYNA_MMAP_MAX_DIMENSIONS 8192U

/** The most hits of one search; SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_K 16777216U

/** The most candidates of one search; SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_EF 16777216U

/** The most bytes of one payload; SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_PAYLOAD_BYTES 1048576U

/**
 * The most bytes of one batch; SYNA_MMAP_ERR_LIMIT for more. Counted are keys, payloads, and 8 to 24 bytes
 * more for each row.
 */
#define SYNA_MMAP_MAX_BATCH_BYTES 1073741824U

/**
 * The most rows that can ever be written to one file, deleted rows included; SYNA_MMAP_ERR_LIMIT for more.
 * A compaction starts a new file.
 */
#define SYNA_MMAP_MAX_ROWS 4294967294U

/** The most bytes of a label, without the terminating NUL. */
#define SYNA_MMAP_MAX_LABEL_BYTES 64U

/** The most columns of a store; SYNA_MMAP_ERR_LIMIT for more. */
#define SYNA_MMAP_MAX_COLUMNS 16U

/** The most bytes of the name of a column, without the terminating NUL. */
#define SYNA_MMAP_MAX_COLUMN_NAME_BYTES 32U

/* ---- Metrics, keys, element types ---------------------------------------------------------------------------- */

/** The distance is 1 - cos(a, b), from 0 to 2. It is exactly 1 if one of the vectors is zero. */
#define SYNA_MMAP_METRIC_COSINE 0U

/** The distance is the square root of the sum of squared differences. */
#define SYNA_MMAP_METRIC_EUCLIDEAN 1U

/** The distance is -(a . b). */
#define SYNA_MMAP_METRIC_DOT_PRODUCT 2U

/** For opening only: take the metric of the existing file (UINT32_MAX), for `metric` of syna_mmap_options. */
#define SYNA_MMAP_METRIC_FROM_FILE 4294967295U

/** Keys are UTF-8 text. */
#define SYNA_MMAP_KEYS_TEXT 0U

/** Keys are any bytes, for example a uint64_t, a UUID or the id of an entity as it is in memory. */
#define SYNA_MMAP_KEYS_BYTES 1U

/**
 * For opening only: take the kind of keys of the existing file (UINT32_MAX), for `key_kind` of
 * syna_mmap_options.
 */
#define SYNA_MMAP_KEYS_FROM_FILE 4294967295U

/** Components are stored as floats of 4 bytes. */
#define SYNA_MMAP_ELEMENT_F32 0U

/**
 * Components are stored as IEEE 754 binary16 (not bfloat16), rounded to the nearest value, ties to even: about
 * 3 significant digits. A component of 65,520 or more in magnitude is SYNA_MMAP_ERR_INVALID_VECTOR. Components
 * below 3e-8 in magnitude become 0, so scale very short vectors before you write them.
 */
#define SYNA_MMAP_ELEMENT_F16 1U

/**
 * Components are stored as integers from -127 to 127, and with each vector one float, the scale, that they are
 * multiplied by: the largest magnitude of the vector's components over 127. A component is rounded to the
 * nearest integer, ties to even. Its error is at most 1/254 of the largest magnitude (more in vectors below
 * 1e-36), so one large component makes the others coarse. A vector of zeros has the scale 0.
 */
#define SYNA_MMAP_ELEMENT_I8 2U

/**
 * For opening only: take the element type of the existing file (UINT32_MAX), for `element` of
 * syna_mmap_options.
 */
#define SYNA_MMAP_ELEMENT_FROM_FILE 4294967295U

/* ---- Columns ------------------------------------------------------------------------------------------------- */

/** The values of a column are int64_t, for example a time. */
#define SYNA_MMAP_COLUMN_I64 1U

/** The values of a column are uint64_t, for example the number of a tenant, or syna_mmap_hash64 of a text. */
#define SYNA_MMAP_COLUMN_U64 2U

/** The values of a column are doubles, infinities included, NaN excluded. */
#define SYNA_MMAP_COLUMN_F64 3U

/**
 * A column of a store: a name, and what its values are. You own it. It is an element of arrays: the `columns` of
 * syna_mmap_options, and what syna_mmap_columns writes. This struct never grows.
 * Threads: plain memory; one thread at a time may change it.
 */
typedef struct syna_mmap_column {
  /**
   * The name, UTF-8, 1 to SYNA_MMAP_MAX_COLUMN_NAME_BYTES bytes, ends with a NUL. What follows the NUL is
   * ignored; syna_mmap_columns writes zeros.
   */
  char name[36];
  /** SYNA_MMAP_COLUMN_*. */
  uint32_t kind;
} syna_mmap_column;

/** A value of a column. The kind of the column says which member it is. */
typedef union syna_mmap_value {
  /** In a column of SYNA_MMAP_COLUMN_I64. */
  int64_t i64;
  /** In a column of SYNA_MMAP_COLUMN_U64. */
  uint64_t u64;
  /** In a column of SYNA_MMAP_COLUMN_F64. */
  double f64;
} syna_mmap_value;

/**
 * The values of one column for the rows of a syna_mmap_batch. You own it. It is an element of arrays. This struct
 * never grows.
 * Threads: plain memory; one thread at a time may change it.
 */
typedef struct syna_mmap_column_values {
  /** The column: its position in the columns of the store, from 0. */
  uint32_t column;
  /** SYNA_MMAP_COLUMN_*: what `values` points to. It must be the kind of the column. */
  uint32_t kind;
  /**
   * COPIED: as many values as the batch has rows, 8 bytes each, aligned to 8 bytes. May be NULL if the batch has
   * no rows. NaN is SYNA_MMAP_ERR_INVALID_ARGUMENT.
   */
  const void *values;
} syna_mmap_column_values;

/**
 * A hash of a text or of any bytes, for a column of SYNA_MMAP_COLUMN_U64 that is compared for equality: FNV-1a of 64
 * bits. It is the same on every platform and in every version of this library. Different texts can have the same
 * hash: with a million different texts, the chance that any two have is 1 in 37 million. It is no protection
 * against texts that were chosen to collide.
 *
 * bytes   BORROWED for the call: `length` bytes. May be NULL if `length` is 0.
 * length  bytes.
 *
 * Returns: the hash; of 0 bytes 0xcbf29ce484222325. 0 if `bytes` is NULL and `length` is not 0.
 * Threads: any, also in callbacks. Cost: about a nanosecond a byte.
 */
uint64_t syna_mmap_hash64(const void *bytes,
                          size_t length);

/* ---- Options of a store -------------------------------------------------------------------------------------- */

/**
 * Open for reading. Takes no lock, changes no byte, and shows the rows of that moment; syna_mmap_refresh
 * shows later ones.
 */
#define SYNA_MMAP_OPEN_READ_ONLY 1U

/** Do not create the file; SYNA_MMAP_ERR_NOT_FOUND if it does not exist. */
#define SYNA_MMAP_OPEN_MUST_EXIST 2U

/**
 * Do not open an existing file; SYNA_MMAP_ERR_IO if it exists. Cannot be combined with READ_ONLY,
 * MUST_EXIST or DAMAGED.
 */
#define SYNA_MMAP_OPEN_MUST_CREATE 4U

/**
 * Compare every stored vector with its checksum. Reads the whole file. SYNA_MMAP_ERR_CORRUPT at the first
 * difference; syna_mmap_verify checks more, and reports all differences.
 */
#define SYNA_MMAP_OPEN_VERIFY 8U

/**
 * Open a damaged file read-only and show the rows that are intact: those that syna_mmap_salvage
 * would save.
 */
#define SYNA_MMAP_OPEN_DAMAGED 16U

/**
 * Accept 1 to 63 dimensions. Without this flag they are SYNA_MMAP_ERR_INVALID_DIMENSIONS, as they are most
 * likely a mistake. It is needed in every open that gives such a number, also of an existing file. An open with
 * dimensions 0 or options NULL, and syna_mmap_salvage, need no flag. No effect on 64 dimensions and more.
 */
#define SYNA_MMAP_OPEN_SMALL_DIMENSIONS 32U

/**
 * A write that returned survives a crash or a kill of the process. It survives a power failure from the
 * next checkpoint on.
 */
#define SYNA_MMAP_DURABILITY_PROCESS 0U

/**
 * A write is synced to the disk before it returns. It survives a power failure, and takes as long as the
 * disk needs.
 */
#define SYNA_MMAP_DURABILITY_BATCH 1U

/**
 * The index stores the codes of a vector's neighbours beside its links. This gives the fastest searches. It
 * takes about 320 + 5 * dimensions bytes of memory a vector (1,600 at 129 to 256 dimensions, 1,472 at 128,
 * 1,152 at 27), for the vectors that searches have visited.
 */
#define SYNA_MMAP_INDEX_FAST 0U

/**
 * The index stores only a vector's own code and links: 192 + dimensions bytes a vector (448 at 129 to
 * 256). Searches take about twice as long.
 */
#define SYNA_MMAP_INDEX_COMPACT 1U

/**
 * How a store is opened. You own it: syna_mmap_open reads it (COPIED), so it may go out of scope after the
 * call.
 *
 * Fill it with syna_mmap_options_init, then change single members. Later versions append members; programs
 * that were compiled with a shorter struct keep working.
 * Threads: plain memory; one thread at a time may change it.
 */
typedef struct syna_mmap_options {
  /** sizeof(syna_mmap_options). */
  size_t struct_size;
  /**
   * Components of a vector, SYNA_MMAP_MIN_DIMENSIONS to SYNA_MMAP_MAX_DIMENSIONS; see also
   * SYNA_MMAP_OPEN_SMALL_DIMENSIONS. 0: as in the existing file. Default 768.
   */
  uint32_t dimensions;
  /**
   * SYNA_MMAP_METRIC_*, fixed when the file is created. For an existing file it must be the file's
   * (SYNA_MMAP_ERR_METRIC_MISMATCH), or SYNA_MMAP_METRIC_FROM_FILE. Default SYNA_MMAP_METRIC_COSINE.
   */
  uint32_t metric;
  /**
   * The expected number of vectors. It is not a limit and allocates nothing by itself; syna_mmap_reserve
   * allocates. Default 100,000.
   */
  uint64_t initial_capacity;
  /**
   * The number of vectors from which on the store maintains an index automatically. 0: only
   * syna_mmap_build_index and syna_mmap_index_step build it. From the threshold on, each write does index
   * work for two to four rows for each row that it writes: 1 to 2 ms for a single row. While an index is
   * rebuilt because a quarter of its rows are deleted, it is the work of six rows. Searches compare
   * unindexed rows one by one. The first index is complete at the latest when half as many vectors as the
   * threshold have been written after it. Default 10,000.
   */
  uint64_t index_threshold;
  /**
   * Seconds between automatic checkpoints. Writes make them, so a store without writes makes none. 0: only
   * syna_mmap_checkpoint, syna_mmap_flush and syna_mmap_close. An automatic checkpoint indexes no rows. The
   * write that makes it waits for the disk: milliseconds, or more if much was written in the last second or
   * the disk is busy. Later writes then save the changes of the index, each of them a part. If that takes
   * longer than the interval, one write saves the rest. Default 30.
   */
  uint32_t checkpoint_interval_secs;
  /**
   * SYNA_MMAP_OPEN_*, combined by |. Default 0: open for reading and writing, create the file if it does
   * not exist.
   */
  uint32_t flags;
  /** SYNA_MMAP_DURABILITY_*. Default SYNA_MMAP_DURABILITY_PROCESS. */
  uint32_t durability;
  /**
   * Threads that an index build or a batch search may use, the calling thread included. With 1 or more, two
   * other calls start one thread each while they run: a batch of 2 MiB or more, to write while the calling
   * thread checks the next rows, and an open of an index of 16,384 rows or more, to read the index while
   * the calling thread reads the keys. These threads block all signals. 0: none, the calling thread does
   * all work. At most 1,024. Default 0.
   */
  uint32_t threads;
  /** Half the number of links of a row in the index, 2 to 256. Ignored if hnsw_m_max is not 0. Default 16. */
  uint32_t hnsw_m;
  /**
   * Candidates that are considered for the links of a row, 1 to 65,536. More is slower and finds better
   * links. Default 200.
   */
  uint32_t hnsw_ef_construction;
  /**
   * Candidates of a search that sets no ef, 1 to 65,536. More is slower and finds more. If the index has
   * measured that more candidates are needed to find 9 of the 10 nearest rows, such a search uses that
   * number: see fixed_ef. Default 100.
   */
  uint32_t hnsw_ef_search;
  /**
   * The number of links of a row in the index, 2 to 512; less than 4 counts as 4. 0: 2 *
   * hnsw_m. Default 0.
   */
  uint32_t hnsw_m_max;
  /** The seed of the index. The same rows, options and seed give the same index. Default 0. */
  uint64_t seed;
  /**
   * The number of unindexed rows above which writes continue automatic indexing. Each search compares
   * unindexed rows one by one. Writes index rows in batches of up to 512, with the work of two to four rows
   * for each row written, so about twice this number stays unindexed at most. 0: every write indexes all
   * rows before it returns, and the write that reaches index_threshold builds the whole index. Ignored if
   * index_threshold is 0. Default 256.
   */
  uint64_t most_unindexed_rows;
  /**
   * SYNA_MMAP_INDEX_*: trades memory for speed. An existing index keeps its profile until it is rebuilt,
   * for example by syna_mmap_compact. Default SYNA_MMAP_INDEX_FAST.
   */
  uint32_t index_profile;
  /**
   * 1: a background thread of the store does the automatic indexing. It starts when an eighth of
   * most_unindexed_rows is unindexed. Writes then build no index. They do index work only if more than
   * twice most_unindexed_rows, or more than 1,024 rows if that is more, are unindexed, and wait at most 10
   * ms for the thread. The index then depends on timing, not only on rows, options and seed. The thread
   * blocks all signals and ends when the store is closed. If the system cannot start it, syna_mmap_open
   * returns SYNA_MMAP_ERR_IO. Ignored if index_threshold is 0 and in stores opened read-only. 0: no thread.
   * Default 0.
   */
  uint32_t index_worker;
  /**
   * 1: a search that sets no ef always uses hnsw_ef_search candidates. 0: while the index grows, it
   * measures on a sample of its rows how many candidates are needed to find 9 of the 10 nearest rows. Such
   * a search then uses that number, up to 2,000. For embeddings hnsw_ef_search is enough; for random data
   * it is not, and searches take longer. syna_mmap_get_stats reports the number. Default 0.
   */
  uint32_t fixed_ef;
  /**
   * SYNA_MMAP_KEYS_*, fixed when the file is created. For an existing file it must be the file's
   * (SYNA_MMAP_ERR_KEY_KIND_MISMATCH), or SYNA_MMAP_KEYS_FROM_FILE. Default SYNA_MMAP_KEYS_TEXT.
   */
  uint32_t key_kind;
  /**
   * SYNA_MMAP_ELEMENT_*: how the components of vectors are stored, fixed when the file is created. Calls take
   * and return floats in any case. For an existing file it must be the file's
   * (SYNA_MMAP_ERR_ELEMENT_MISMATCH), or SYNA_MMAP_ELEMENT_FROM_FILE. Default SYNA_MMAP_ELEMENT_F32.
   */
  uint32_t element;
  /** For a new file: tells which application it belongs to; see syna_mmap_user_block. Default 0. */
  uint32_t application_id;
  /** For a new file: the version of the application's data. Default 0. */
  uint32_t user_version;
  /** 0. */
  uint32_t reserved;
  /**
   * For a new file: what the vectors are, for example the name of the embedding model. UTF-8, at most
   * SYNA_MMAP_MAX_LABEL_BYTES, NUL-terminated. COPIED. NULL: no label. Default NULL.
   */
  const char *label;
  /**
   * The label that an existing file must have, NUL-terminated, at most SYNA_MMAP_MAX_LABEL_BYTES;
   * SYNA_MMAP_ERR_LABEL_MISMATCH for another one, so that vectors of two models do not meet in one store.
   * COPIED. NULL: any label. Default NULL.
   */
  const char *expected_label;
  /**
   * COPIED: column_count columns with different names. A new file gets these columns, which never change. An
   * existing file must have the same in the same order (SYNA_MMAP_ERR_COLUMNS_MISMATCH), or any if column_count
   * is 0. May be NULL if column_count is 0. Default NULL.
   */
  const syna_mmap_column *columns;
  /** Columns, at most SYNA_MMAP_MAX_COLUMNS. 0: a new file has no columns. Default 0. */
  size_t column_count;
} syna_mmap_options;

/**
 * Fills `options` with the defaults.
 *
 * options      BORROWED for the call: `struct_size` bytes, which are overwritten. NULL, not aligned, or a
 *              struct_size below sizeof(size_t) or above 4,096: nothing is done.
 * struct_size  sizeof(syna_mmap_options) as your program was compiled. It is stored in the member of
 *              that name.
 *
 * Threads: any, also in callbacks. Cost: negligible.
 */
void syna_mmap_options_init(syna_mmap_options *options, size_t struct_size);

/* ---- Opening, closing, checkpoints --------------------------------------------------------------------------- */

/**
 * An open store. The handle is OWNED by you: close it with syna_mmap_close, from any thread.
 *
 * It is an opaque token, not an address: never dereference it. Using a closed handle is an error, not a
 * crash.
 * Threads: every call on a store is safe from any thread at any time. Searches run in parallel with each
 * other and with one write. Writes wait for each other.
 * Outlives: nothing must be closed before it. syna_mmap_results of its searches remain valid after it is
 * closed.
 * Fork: only the process that opened a store can use it. A child that closes the inherited handle releases
 * its share of the file and changes no file; the memory of the store remains allocated in the child. The
 * parent's lock lasts as long as the parent has the store open or a child has a share in it. A child that
 * continues without its parent (a daemon) must therefore close the inherited handle before it can open the
 * file itself.
 */
typedef struct syna_mmap syna_mmap;

/**
 * Opens the store in the file `path`, or creates it.
 *
 * path       COPIED. Bytes that end with a NUL, as the system has them; UTF-8 on Windows. The index is
 *            stored beside it, as path.hnsw. The folder must exist. A relative path is resolved once, so
 *            changing the working folder later is harmless. Symbolic links at its end are followed once. An
 *            empty file (mkstemp) becomes a store if it is opened for writing. A path that ends with a
 *            separator names a folder and is refused.
 * options    COPIED. NULL: an existing file is opened with its own dimensions, metric, element type, kind of
 *            keys and columns; a new one is created with the defaults: 768 dimensions, cosine distance, floats,
 *            text keys, no columns.
 * out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
 *            syna_mmap_close.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _DIMENSION_MISMATCH,
 * _METRIC_MISMATCH, _ELEMENT_MISMATCH, _KEY_KIND_MISMATCH, _LABEL_MISMATCH, _COLUMNS_MISMATCH, _NOT_FOUND (the
 * file does not exist and the options need one: SYNA_MMAP_OPEN_MUST_EXIST, SYNA_MMAP_OPEN_READ_ONLY, or a value
 * that is to be taken from the file),
 * _LOCKED, _CORRUPT, _UNSUPPORTED_VERSION, _LEGACY_FORMAT, _IO (also if `path` is a folder, or the folder
 * of a new file does not exist), _NO_SPACE, _NO_MEMORY, _LIMIT (handles, columns).
 * On failure: *out_store is not written, and no byte of an existing file has changed. A new file may have
 * been created (_LIMIT, _IO, _NO_MEMORY).
 * Threads: any. Cost: reads all keys, but no vectors (unless SYNA_MMAP_OPEN_VERIFY is set). After a crash,
 * and while another process writes, it also reads the vectors written since the last checkpoint.
 */
syna_mmap_status syna_mmap_open(const char *path,
                                const syna_mmap_options *options,
                                syna_mmap **out_store,
                                syna_mmap_error *error);

/**
 * Makes a checkpoint, closes the store and frees it. The handle is invalid afterwards, whatever the result
 * (exception: callbacks, below).
 *
 * It waits for the calls that other threads have in progress on the store; syna_mmap_interrupt ends long
 * ones. Later calls return SYNA_MMAP_ERR_INVALID_HANDLE.
 * In a forked child it only releases the handle and the child's share of the file: no checkpoint, no
 * unlock. The parent's store is unaffected.
 * A callback cannot close the store that it is called for: the call returns SYNA_MMAP_ERR_INVALID_ARGUMENT,
 * and the store stays open.
 *
 * store  a handle. NULL: nothing is done, and the call succeeds.
 * error  BORROWED for the call. May be NULL. An invalid error struct does not keep the store from being
 *        closed.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE (already closed), or the error of the checkpoint:
 * SYNA_MMAP_ERR_IO, _NO_SPACE, _NO_MEMORY, _LIMIT, _CORRUPT, _POISONED.
 * On failure of the checkpoint: the store is closed. Writes since the last checkpoint still survive a kill
 * of the process, but not a power failure.
 * Threads: any. Cost: that of syna_mmap_checkpoint. A syna_mmap_interrupt before the close skips the
 * indexing.
 */
syna_mmap_status syna_mmap_close(syna_mmap *store, syna_mmap_error *error);

/**
 * Ends the long calls that other threads have in progress on the store, so that a close need not wait for
 * them.
 *
 * syna_mmap_build_index, _build_index_with, _compact, _snapshot_to, _verify and _check_recall return
 * SYNA_MMAP_ERR_CANCELLED, with the same effect as a callback that returns false.
 * A write or a checkpoint that is indexing rows stops indexing and succeeds. Searches compare the unindexed
 * rows one by one, and the next write indexes them.
 * Calls that begin later are not interrupted. But until the next write or index build, a checkpoint (also
 * that of a close) leaves unindexed rows unindexed.
 * Not interrupted: searches (they have deadline_us and max_visits), calls with a budget, disk syncs.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also if there is nothing to end, or SYNA_MMAP_ERR_INVALID_HANDLE (also after
 * syna_mmap_close has begun: interrupt first), _POISONED.
 * Threads: any, also in a progress callback. Cost: negligible. It does not wait for the calls. They end
 * after the current piece of work: up to 512 rows indexed, 1,024 rows copied, a batch of rows or all links
 * verified, or 256 samples of a recall.
 */
syna_mmap_status syna_mmap_interrupt(syna_mmap *store, syna_mmap_error *error);

/**
 * Makes all writes so far survive a power failure, and saves the index.
 *
 * With automatic indexing and without `index_worker`, it first indexes all unindexed rows. While the first
 * index is being built, these are all rows of the store.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY, _LIMIT,
 * _CORRUPT (another file has the name of the index), _POISONED. After an _IO of a sync, the store refuses
 * writes until it is opened again (_POISONED), because the system may have dropped what it could not write.
 * _IO is also returned if the file was removed, renamed or replaced while it was open: the writes cannot be
 * found by its path. syna_mmap_snapshot_to saves them.
 * On failure: the writes remain stored. They may survive a power failure or not.
 * Threads: any; searches run meanwhile, writes wait. Cost: two or more disk syncs, writing the changes of
 * the index, and the indexing.
 */
syna_mmap_status syna_mmap_checkpoint(syna_mmap *store, syna_mmap_error *error);

/**
 * Makes all writes so far survive a power failure, as syna_mmap_checkpoint does, but neither extends nor
 * saves the index.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _POISONED, as
 * syna_mmap_checkpoint.
 * Threads: any; searches run meanwhile, writes wait. Cost: disk syncs.
 */
syna_mmap_status syna_mmap_flush(syna_mmap *store, syna_mmap_error *error);

/**
 * Whether anything was written since the last checkpoint. False for an invalid handle and for a store
 * opened read-only.
 *
 * store  a handle.
 *
 * Threads: any; waits for a write or a checkpoint in progress. Cost: otherwise negligible.
 */
bool syna_mmap_is_dirty(const syna_mmap *store);

/**
 * The number of the last write that survives a power failure; 0 if there is none, or for an invalid handle.
 * Writes that change something are numbered from 1 over the store's life, across compactions. In a store
 * opened read-only: the last such write among those that the store has seen.
 *
 * store  a handle.
 *
 * Threads: any; waits for a write or a checkpoint in progress. Cost: otherwise negligible.
 */
uint64_t syna_mmap_last_durable_seq(const syna_mmap *store);

/**
 * Allocates disk space for `count` vectors in total, so that inserting them cannot fail because there is no
 * space for vectors.
 *
 * store  a handle.
 * count  vectors, including those already stored.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_SPACE, _LIMIT, _IO, _POISONED.
 * On failure: the store is unchanged.
 * Threads: any. Cost: that of the file system's allocation. If the file system cannot allocate, the space
 * is written.
 */
syna_mmap_status syna_mmap_reserve(syna_mmap *store, uint64_t count, syna_mmap_error *error);

/* ---- The user block ------------------------------------------------------------------------------------------ */

/**
 * Values that an application stores in the file for itself. The library does not interpret them. You own it;
 * it may lie in any memory.
 *
 * Initialize it with SYNA_MMAP_USER_BLOCK_INIT, or set struct_size. Later versions append members.
 * Threads: plain memory; one thread at a time.
 */
typedef struct syna_mmap_user_block {
  /** sizeof(syna_mmap_user_block), set by you. */
  size_t struct_size;
  /** Tells which application the file belongs to. Default 0. */
  uint32_t application_id;
  /** The version of the application's data. Default 0. */
  uint32_t user_version;
  /**
   * What the vectors are, for example the name of the embedding model: UTF-8, at most
   * SYNA_MMAP_MAX_LABEL_BYTES bytes, NUL-terminated. Default "".
   */
  char label[72];
} syna_mmap_user_block;

/** Initializes a syna_mmap_user_block in C and C++: sets struct_size; all other members are zero. */
#define SYNA_MMAP_USER_BLOCK_INIT {sizeof(syna_mmap_user_block), 0, 0, ""}

/**
 * Reports the user block of the file. In a store opened read-only: as of the open or the last
 * syna_mmap_refresh.
 *
 * store           a handle.
 * out_user_block  BORROWED for the call: a struct whose struct_size is set.
 * error           BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE.
 * On failure: *out_user_block is not written.
 * Threads: any. Cost: negligible.
 */
syna_mmap_status syna_mmap_get_user_block(const syna_mmap *store,
                                          syna_mmap_user_block *out_user_block,
                                          syna_mmap_error *error);

/**
 * Replaces the user block of the file, and makes it and all writes so far survive a power failure, as
 * syna_mmap_flush does.
 *
 * store       a handle.
 * user_block  BORROWED for the call.
 * error       BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE,
 * _POISONED.
 * On failure: with _IO and _NO_SPACE the file may have either user block, and the next checkpoint writes the
 * new one; otherwise nothing has changed.
 * Threads: any; searches run meanwhile, writes wait. Cost: disk syncs.
 */
syna_mmap_status syna_mmap_set_user_block(syna_mmap *store,
                                          const syna_mmap_user_block *user_block,
                                          syna_mmap_error *error);

/* ---- Stores in memory and inside larger files ---------------------------------------------------------------- */

/**
 * Creates a store without a file, for tests and caches. It is lost when it is closed; syna_mmap_snapshot_to
 * writes it to a file. Otherwise it behaves as a store in a file.
 *
 * options    COPIED. NULL: the defaults. checkpoint_interval_secs is ignored.
 * out_store  BORROWED for the call. On success a handle that is OWNED by you: close it with
 *            syna_mmap_close.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_DIMENSIONS, _NOT_FOUND (the options
 * need a file), _NO_SPACE, _NO_MEMORY, _IO, _LIMIT (handles, columns).
 * On failure: *out_store is not written.
 * Threads: any. Cost: small. The vectors use memory instead of disk space.
 */
syna_mmap_status syna_mmap_open_in_memory(const syna_mmap_options *options,
                                          syna_mmap **out_store,
                                          syna_mmap_error *error);

/**
 * Opens, for reading, a store that lies inside a larger file, such as a game archive. The larger file must
 * not change while the store is open.
 *
 * fd            an open file descriptor that can be read from. It is duplicated, so you may close yours
 *               after the call. Its position is neither used nor changed.
 * offset        where the store's file begins in the larger file: a multiple of 4, as zipalign 4 gives;
 *               better a multiple of 64 (see below).
 * length        bytes of the store's file.
 * index_offset  where the index file (NAME.hnsw) begins in the larger file: as offset.
 * index_length  bytes of the index file. 0: there is none, and every search compares all vectors.
 * options       COPIED. NULL: the dimensions, the metric, the element type, the kind of keys
 *               and the columns of the file, and the defaults.
 *               SYNA_MMAP_OPEN_READ_ONLY is implied; MUST_CREATE is refused.
 * out_store     BORROWED for the call. On success a handle that is OWNED by you: close it with
 *               syna_mmap_close.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (also if the range exceeds the file, an offset
 * is not a multiple of 4, or the system has no file descriptors), or as syna_mmap_open.
 * On failure: *out_store is not written.
 * Threads: any. Cost: as syna_mmap_open. If `offset` is a multiple of 64, vectors are aligned as
 * syna_mmap_view says.
 * Otherwise they are aligned to 4 bytes: exact searches take up to 15 % longer, searches in the index a few
 * percent. If index_offset is not a multiple of 64, the index is copied into memory when the store is opened.
 */
syna_mmap_status syna_mmap_open_at(int32_t fd,
                                   uint64_t offset,
                                   uint64_t length,
                                   uint64_t index_offset,
                                   uint64_t index_length,
                                   const syna_mmap_options *options,
                                   syna_mmap **out_store,
                                   syna_mmap_error *error);

/**
 * Opens, for reading, a store whose file lies in memory, such as a resource of a program. The bytes are not
 * copied, and nothing in them is trusted.
 *
 * bytes         BORROWED: `length` bytes of the store's file. They must stay valid and unchanged until the
 *               store is closed and all results and cursors of the store are freed (results: or searched
 *               into again). The address is a multiple of 4; a multiple of 64 is better, as in
 *               syna_mmap_open_at.
 * length        bytes of the store's file.
 * index_bytes   BORROWED as `bytes`: those of the index file (NAME.hnsw). May be NULL if index_length is 0.
 * index_length  bytes of the index file. 0: there is none, and every search compares all vectors.
 * options       COPIED. NULL: the dimensions, the metric, the element type, the kind of keys
 *               and the columns of the file, and the defaults.
 *               SYNA_MMAP_OPEN_READ_ONLY is implied; MUST_CREATE is refused.
 * out_store     BORROWED for the call. On success a handle that is OWNED by you: close it with
 *               syna_mmap_close.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (also if an address is not a multiple of 4), or
 * as syna_mmap_open.
 * On failure: *out_store is not written, and the bytes are no longer used.
 * Threads: any. Cost: as syna_mmap_open_at.
 */
syna_mmap_status syna_mmap_open_memory(const uint8_t *bytes,
                                       size_t length,
                                       const uint8_t *index_bytes,
                                       size_t index_length,
                                       const syna_mmap_options *options,
                                       syna_mmap **out_store,
                                       syna_mmap_error *error);

/* ---- Path, options in effect, settings ----------------------------------------------------------------------- */

/**
 * Copies the path that the store was opened by, made absolute, if there is room for it, and reports its
 * length.
 *
 * store     a handle.
 * buffer    BORROWED for the call: room for `capacity` bytes. The path is followed by a NUL. May be NULL if
 *           `capacity` is 0.
 * capacity  bytes. If it does not exceed *out_len, nothing was copied, and the call still succeeds.
 * out_len   BORROWED for the call: bytes of the path without the NUL; 0 for a store without a file of its
 *           own (syna_mmap_open_in_memory, _open_memory, _open_at). Not NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _POISONED.
 * On failure: nothing is written.
 * Threads: any. Cost: a copy.
 */
syna_mmap_status syna_mmap_path(const syna_mmap *store,
                                char *buffer,
                                size_t capacity,
                                size_t *out_len,
                                syna_mmap_error *error);

/**
 * Reports the options of a store as they are in effect: dimensions, metric, key_kind, element, application_id and
 * user_version as the file says, hnsw_ef_search and checkpoint_interval_secs as they were set last, the
 * others as the store was opened. flags also has SYNA_MMAP_OPEN_SMALL_DIMENSIONS if the store has fewer than 64
 * dimensions, so that the options open it again.
 *
 * store        a handle.
 * out_options  BORROWED for the call: a struct whose struct_size is set (syna_mmap_options_init sets it). Its
 *              members `label` and `expected_label` become NULL: syna_mmap_get_user_block returns the label.
 *              `columns` becomes NULL and column_count 0, which opens a file with any columns:
 *              syna_mmap_columns returns them.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _POISONED.
 * On failure: *out_options is not written.
 * Threads: any. Cost: negligible.
 */
syna_mmap_status syna_mmap_get_options(const syna_mmap *store,
                                       syna_mmap_options *out_options,
                                       syna_mmap_error *error);

/**
 * Changes hnsw_ef_search for searches that begin afterwards. It is not stored in the file.
 *
 * store      a handle; the store may be read-only.
 * ef_search  1 to 65,536.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _POISONED.
 * On failure: nothing is changed.
 * Threads: any. Cost: negligible.
 */
syna_mmap_status syna_mmap_set_ef_search(syna_mmap *store, uint32_t ef_search, syna_mmap_error *error);

/**
 * Changes checkpoint_interval_secs for the writes that follow. It is not stored in the file. If the last
 * checkpoint is longer ago than the new interval, the next write makes one.
 *
 * store  a handle.
 * secs   seconds; 0: no automatic checkpoints. Ignored for a store of syna_mmap_open_in_memory.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _POISONED.
 * On failure: nothing is changed.
 * Threads: any; it does not wait for a write in progress. Cost: negligible.
 */
syna_mmap_status syna_mmap_set_checkpoint_interval(syna_mmap *store, uint32_t secs, syna_mmap_error *error);

/* ---- Readers of a file that another process writes ----------------------------------------------------------- */

/**
 * Advances a store that was opened with SYNA_MMAP_OPEN_READ_ONLY to the newest state of its file. Without
 * this call, the store shows the state of its opening, whatever other processes write.
 *
 * The store always shows the state after some write, in the order of the writes, never half of a write.
 * Searches in progress end in the state in which they began. What was borrowed from results and cursors
 * stays unchanged. If a compaction has replaced the file, the old file keeps its disk space until the
 * borrowed objects are freed. For a store opened for writing the call does nothing: such a store is always
 * up to date.
 *
 * store        a handle.
 * out_changed  BORROWED for the call: whether there was anything new. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _NOT_FOUND (the file no longer
 * exists), _CORRUPT, _IO, _NO_MEMORY, _POISONED. If another file has replaced it: also what syna_mmap_open
 * returns for that file.
 * On failure: *out_changed is not written, and the store shows a complete state, the old one or a newer
 * one.
 * Threads: any. Lookups by key wait for it; searches run meanwhile. Cost: reads the new keys; all keys if
 * the file was replaced.
 */
syna_mmap_status syna_mmap_refresh(syna_mmap *store, bool *out_changed, syna_mmap_error *error);

/* ---- Batches ------------------------------------------------------------------------------------------------- */

/** The most bytes of a key. The empty key is valid. */
#define SYNA_MMAP_MAX_KEY_BYTES 65535U

/** Leave an existing key unchanged. If a key occurs twice in a batch, the first occurrence counts. */
#define SYNA_MMAP_WRITE_INSERT 0U

/** Replace an existing key. If a key occurs twice in a batch, the last occurrence counts. */
#define SYNA_MMAP_WRITE_UPSERT 1U

/**
 * A batch of rows and deletions, with all that can be written in one call. It is written as a whole or not
 * at all: neither a crash nor a search can see a part of it. You own it and all that it points to:
 * syna_mmap_write reads it (COPIED), so all of it may go out of scope after the call.
 *
 * Initialize it with SYNA_MMAP_BATCH_INIT, then set the members you need. Later versions append members.
 * Threads: plain memory; one thread at a time may change it.
 */
typedef struct syna_mmap_batch {
  /** sizeof(syna_mmap_batch). */
  size_t struct_size;
  /**
   * COPIED: the bytes of all keys, one after the other, without separators. May be NULL if all keys are
   * empty.
   */
  const char *keys;
  /**
   * COPIED: count + 1 offsets. Key i is keys[key_offsets[i]] up to keys[key_offsets[i + 1]]. The first
   * offset is 0, and offsets never decrease.
   */
  const uint64_t *key_offsets;
  /**
   * COPIED: count vectors, one after the other. By default each is as many floats as the store has
   * dimensions, aligned to 4 bytes; see `vectors_element`.
   */
  const void *vectors;
  /** Rows of the batch. 0: the pointers above and below that belong to rows may be NULL. */
  size_t count;
  /**
   * COPIED: count numbers that are stored with the rows. NULL: 0 for every row. Their meaning is yours:
   * syna_mmap_get_tags and syna_mmap_results_tags return them, and searches can filter by them. A row that
   * replaces another one does not inherit its tags.
   */
  const uint64_t *tags;
  /**
   * COPIED: opaque bytes that are stored with the rows, up to 1 MiB each, laid out as the keys.
   * syna_mmap_get_payload and syna_mmap_results_payload return them. May be NULL if all payloads are empty.
   */
  const uint8_t *payloads;
  /** COPIED: count + 1 offsets, as key_offsets. NULL: no payloads; `payloads` must be NULL then. */
  const uint64_t *payload_offsets;
  /** SYNA_MMAP_WRITE_*. */
  uint32_t mode;
  /** 0. */
  uint32_t reserved;
  /**
   * COPIED: keys to delete, before the rows are written, laid out as `keys`. A key that is deleted and also
   * occurs in `keys` has the new row afterwards, whatever `mode` is. Keys that do not exist are ignored.
   */
  const char *delete_keys;
  /** COPIED: delete_count + 1 offsets, as key_offsets. */
  const uint64_t *delete_key_offsets;
  /** Keys to delete. 0: both pointers may be NULL. Default 0. */
  size_t delete_count;
  /**
   * BORROWED for the call: where to store how many of the keys to delete existed. NULL: nowhere. Not written
   * on failure.
   */
  size_t *out_deleted;
  /**
   * SYNA_MMAP_ELEMENT_*: the type of `vectors`. SYNA_MMAP_ELEMENT_F32: floats, which are converted to the
   * element type of the store. Otherwise it must be the element type of the store; the vectors are then stored
   * as they are, each of them syna_mmap_vector_bytes bytes, little-endian, aligned to 1 byte. A vector of
   * SYNA_MMAP_ELEMENT_F16 is its components. A vector of SYNA_MMAP_ELEMENT_I8 is its integers, zeros up to a
   * multiple of 4 bytes, and the scale as a float. SYNA_MMAP_ERR_INVALID_VECTOR: a component of F16 that is
   * infinite or NaN; an integer of -128; a padding that is not zero; a scale that is negative, -0, infinite or
   * NaN, or so large that 127 times it is infinite. Ignored by syna_mmap_update. Default
   * SYNA_MMAP_ELEMENT_F32.
   */
  uint32_t vectors_element;
  /** 0. */
  uint32_t reserved_2;
  /**
   * COPIED: the values of column_count columns, each column at most once. Columns that are not listed get 0 in every
   * row; with syna_mmap_update, they stay as they are. A row that replaces another one does not inherit its
   * values. May be NULL if column_count is 0. Default NULL.
   */
  const syna_mmap_column_values *columns;
  /** Elements of `columns`, at most the columns of the store. Default 0. */
  size_t column_count;
} syna_mmap_batch;

/** Initializes a syna_mmap_batch in C and C++: sets struct_size; all other members are zero. */
#define SYNA_MMAP_BATCH_INIT {sizeof(syna_mmap_batch), NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, NULL, NULL, 0, NULL, 0, 0, NULL, 0}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/**
 * Stores a vector under a key. If the key exists, it is left unchanged, and the call succeeds.
 *
 * syna_mmap_insert_batch is many times faster for many vectors.
 *
 * store         a handle.
 * key           COPIED: `key_len` bytes, in a store of text keys UTF-8. May be NULL if `key_len` is 0, the
 *               empty key.
 * vector        COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * out_inserted  BORROWED for the call: whether the key was new. May be NULL.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY, _INVALID_VECTOR, _INVALID_HANDLE,
 * _READ_ONLY, _NO_SPACE, _NO_MEMORY, _LIMIT, _IO, _POISONED.
 * On failure: the store is unchanged, and *out_inserted is not written. After _IO, whether the row was
 * stored is known when the store is opened again.
 * Threads: any; searches run meanwhile, writes wait for each other. Cost: writing the row. With automatic
 * indexing, a write also does index work: see index_threshold. A write may also make an automatic
 * checkpoint or save a part of the index: see checkpoint_interval_secs. Set both options to 0 to avoid
 * this. If this extra work finds no space or no memory, the failure is logged and the write still succeeds.
 */
syna_mmap_status syna_mmap_insert(syna_mmap *store,
                                  const char *key,
                                  size_t key_len,
                                  const float *vector,
                                  bool *out_inserted,
                                  syna_mmap_error *error);

/**
 * Stores a vector under a key and replaces an existing one. The row gets a new number. It has no tags and
 * no payload, even if the replaced row had some; syna_mmap_put can set them.
 *
 * store   a handle.
 * key     COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
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
 * Writes one row with its tags and its payload.
 *
 * store        a handle.
 * key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * vector       COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * tags         the tags of the row; 0: none. See syna_mmap_batch.
 * payload      COPIED: `payload_len` bytes, up to 1 MiB. May be NULL if `payload_len` is 0: no payload.
 * mode         SYNA_MMAP_WRITE_*. A row that replaces another one does not inherit its tags or its payload.
 * out_written  BORROWED for the call: whether the row was written. With SYNA_MMAP_WRITE_INSERT: whether the
 *              key was new. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads, cost: as syna_mmap_insert. On failure: as there; *out_written is not written.
 */
syna_mmap_status syna_mmap_put(syna_mmap *store,
                               const char *key,
                               size_t key_len,
                               const float *vector,
                               uint64_t tags,
                               const uint8_t *payload,
                               size_t payload_len,
                               uint32_t mode,
                               bool *out_written,
                               syna_mmap_error *error);

/**
 * Stores many vectors, all or none. Existing keys are left unchanged. It is syna_mmap_write with
 * SYNA_MMAP_WRITE_INSERT and without tags or payloads.
 *
 * store         a handle.
 * keys          COPIED: the bytes of all keys, one after the other. May be NULL if all keys are empty.
 * key_offsets   COPIED: count + 1 offsets, aligned to 8 bytes. Key i is keys[key_offsets[i]] up to
 *               keys[key_offsets[i + 1]].
 * vectors       COPIED: count x dimensions floats, one vector after the other, aligned to 4 bytes.
 * count         vectors. 0: nothing is done, and every pointer may be NULL.
 * out_inserted  BORROWED for the call: how many keys were new. May be NULL.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads: as syna_mmap_insert. The error message names the first invalid row. Cost:
 * writing the rows, in few large pieces, and the extra work of syna_mmap_insert. In a store whose element type
 * is not SYNA_MMAP_ELEMENT_F32, the call allocates the converted vectors, syna_mmap_vector_bytes each.
 */
syna_mmap_status syna_mmap_insert_batch(syna_mmap *store,
                                        const char *keys,
                                        const uint64_t *key_offsets,
                                        const float *vectors,
                                        size_t count,
                                        size_t *out_inserted,
                                        syna_mmap_error *error);

/**
 * Stores many vectors, all or none, and replaces existing keys. It is syna_mmap_write with
 * SYNA_MMAP_WRITE_UPSERT and without tags or payloads.
 *
 * The arguments are those of syna_mmap_insert_batch, COPIED as there. `error` is BORROWED for the call and
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
 * Writes a batch of rows and deletions, all or none.
 *
 * store        a handle.
 * batch        COPIED, with all that it points to. Its out_deleted is BORROWED for the call.
 * out_written  BORROWED for the call. Of an insert: how many keys were new. Of an upsert: how many
 *              different keys the batch had. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads, cost: as syna_mmap_insert_batch; and SYNA_MMAP_ERR_ELEMENT_MISMATCH if
 * vectors_element is neither SYNA_MMAP_ELEMENT_F32 nor the element type of the store. Stored bytes need no
 * memory for conversion.
 */
syna_mmap_status syna_mmap_write(syna_mmap *store,
                                 const syna_mmap_batch *batch,
                                 size_t *out_written,
                                 syna_mmap_error *error);

/**
 * Deletes a key and its row. Deleting a key that does not exist succeeds.
 *
 * The disk space of the row is returned by syna_mmap_compact.
 *
 * store        a handle.
 * key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * out_deleted  BORROWED for the call: whether the key existed. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: a small
 * write, and the extra work of syna_mmap_insert.
 */
syna_mmap_status syna_mmap_delete(syna_mmap *store,
                                  const char *key,
                                  size_t key_len,
                                  bool *out_deleted,
                                  syna_mmap_error *error);

/**
 * Deletes many keys and their rows, all or none, as one write. It is syna_mmap_write of a batch without
 * rows. Keys that do not exist are ignored.
 *
 * store        a handle.
 * keys         COPIED: the bytes of all keys, one after the other. May be NULL if all keys are empty.
 * key_offsets  COPIED: count + 1 offsets, aligned to 8 bytes. Key i is keys[key_offsets[i]] up to
 *              keys[key_offsets[i + 1]].
 * count        keys. 0: nothing is done, and every pointer may be NULL.
 * out_deleted  BORROWED for the call: how many keys existed. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: one
 * lookup a key and one small write: milliseconds for 100,000 keys. The index work of up to 16 rows.
 */
syna_mmap_status syna_mmap_delete_batch(syna_mmap *store,
                                        const char *keys,
                                        const uint64_t *key_offsets,
                                        size_t count,
                                        size_t *out_deleted,
                                        syna_mmap_error *error);

/* ---- Tags, payloads and values of existing rows -------------------------------------------------------------- */

/**
 * Sets tags, payloads or values of columns of existing rows, all or none, as one write. The rows keep their
 * numbers and vectors. A search or a cursor that runs meanwhile may see the old or the new values of each row.
 *
 * store        a handle.
 * batch        COPIED, with all that it points to. keys, key_offsets and count as for syna_mmap_write; keys
 *              that do not exist are ignored, and of a key that occurs twice the last one counts. tags: the
 *              new tags; NULL: tags stay as they are. payload_offsets, payloads: the new payloads, an empty
 *              one removes the old one; NULL: payloads stay as they are. columns, column_count: the new
 *              values; columns that are not listed stay as they are. vectors is NULL, delete_count and
 *              mode are 0.
 * out_updated  BORROWED for the call: how many keys exist. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_insert; SYNA_MMAP_ERR_INVALID_ARGUMENT also for neither tags nor payloads nor
 * columns.
 * On failure: as there; *out_updated is not written. Cost: one lookup a key and a small write, without index
 * work. Disk space: 12 bytes a row for tags, 12 bytes and the payload for payloads, 8 bytes for each value,
 * and 64 bytes for the call, until a compaction. Memory: 24 to 48 bytes for each row whose payload was updated,
 * 20 to 40 bytes for each value that was updated, until a compaction.
 */
syna_mmap_status syna_mmap_update(syna_mmap *store,
                                  const syna_mmap_batch *batch,
                                  size_t *out_updated,
                                  syna_mmap_error *error);

/**
 * Sets the tags of a key. It is syna_mmap_update of one row.
 *
 * store    a handle.
 * key      COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * tags     the new tags.
 * error    BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads, cost: as syna_mmap_update; SYNA_MMAP_ERR_NOT_FOUND if the key does not exist.
 */
syna_mmap_status syna_mmap_set_tags(syna_mmap *store,
                                    const char *key,
                                    size_t key_len,
                                    uint64_t tags,
                                    syna_mmap_error *error);

/**
 * Sets the payload of a key. It is syna_mmap_update of one row. What was borrowed of the old payload stays
 * valid as long as before.
 *
 * store        a handle.
 * key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * payload      COPIED: `payload_len` bytes. May be NULL if `payload_len` is 0, which removes the payload.
 * payload_len  bytes, at most SYNA_MMAP_MAX_PAYLOAD_BYTES.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, on failure, threads, cost: as syna_mmap_update; SYNA_MMAP_ERR_NOT_FOUND if the key does not exist.
 */
syna_mmap_status syna_mmap_set_payload(syna_mmap *store,
                                       const char *key,
                                       size_t key_len,
                                       const uint8_t *payload,
                                       size_t payload_len,
                                       syna_mmap_error *error);

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/**
 * Copies the vector of a key.
 *
 * store       a handle.
 * key         COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * out_vector  BORROWED for the call: room for as many floats as the store has dimensions.
 * error       BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_NOT_FOUND, _INVALID_ARGUMENT, _INVALID_KEY, _INVALID_HANDLE,
 * _POISONED.
 * On failure: out_vector is not written.
 * Threads: any. Cost: one lookup and a copy.
 */
syna_mmap_status syna_mmap_get(const syna_mmap *store,
                               const char *key,
                               size_t key_len,
                               float *out_vector,
                               syna_mmap_error *error);

/**
 * The tags of a key: the number that was written with it, 0 if there was none.
 *
 * store     a handle.
 * key       COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * out_tags  BORROWED for the call: the tags.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_get. On failure: *out_tags is not written. Cost: one lookup.
 */
syna_mmap_status syna_mmap_get_tags(const syna_mmap *store,
                                    const char *key,
                                    size_t key_len,
                                    uint64_t *out_tags,
                                    syna_mmap_error *error);

/**
 * Copies the payload of a key if there is room for it, and reports its length.
 *
 * Call it with `capacity` 0 to get the length, then again with enough room, or call it once with room for
 * your largest payload. If *out_len exceeds `capacity`, nothing was copied, and the call still succeeds.
 * Check *out_len after every call: another thread may have replaced the payload in between.
 *
 * store        a handle.
 * key          COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * out_payload  BORROWED for the call: room for `capacity` bytes. May be NULL if `capacity` is 0.
 * capacity     bytes.
 * out_len      BORROWED for the call: the payload's length in bytes; 0 if the key has none. Not NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_get. On failure: nothing is written. Cost: one lookup and a copy.
 */
syna_mmap_status syna_mmap_get_payload(const syna_mmap *store,
                                       const char *key,
                                       size_t key_len,
                                       uint8_t *out_payload,
                                       size_t capacity,
                                       size_t *out_len,
                                       syna_mmap_error *error);

/**
 * Whether a key is stored. False for an invalid handle or an invalid key.
 *
 * store  a handle.
 * key    COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 *
 * Threads: any. Cost: one lookup.
 */
bool syna_mmap_contains(const syna_mmap *store, const char *key, size_t key_len);

/**
 * The number of stored vectors; 0 for an invalid handle.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
uint64_t syna_mmap_len(const syna_mmap *store);

/**
 * The number of components of a vector of the store; 0 for an invalid handle.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
uint32_t syna_mmap_dimensions(const syna_mmap *store);

/**
 * The store's metric, SYNA_MMAP_METRIC_*. 0 for an invalid handle, which is also a metric;
 * syna_mmap_dimensions tells the two apart.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
uint32_t syna_mmap_metric(const syna_mmap *store);

/**
 * What the keys of the store are, SYNA_MMAP_KEYS_*. 0 for an invalid handle, which is also a kind;
 * syna_mmap_dimensions tells the two apart.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
uint32_t syna_mmap_key_kind(const syna_mmap *store);

/**
 * How the components of vectors are stored, SYNA_MMAP_ELEMENT_*. 0 for an invalid handle, which is also an
 * element type; syna_mmap_dimensions tells the two apart.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
uint32_t syna_mmap_element(const syna_mmap *store);

/**
 * The bytes of a stored vector, not counting the padding between rows; 0 for an invalid handle. With D
 * dimensions: 4 * D for SYNA_MMAP_ELEMENT_F32, 2 * D for SYNA_MMAP_ELEMENT_F16, and D rounded up to a multiple
 * of 4, plus 4, for SYNA_MMAP_ELEMENT_I8. In the file a vector takes this rounded up to a multiple of 64 bytes;
 * up to 32 bytes, to a power of two, at least 4. So 60 dimensions of SYNA_MMAP_ELEMENT_I8 take 64 bytes, and 64
 * dimensions take 128.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
size_t syna_mmap_vector_bytes(const syna_mmap *store);

/**
 * Converts a stored vector to floats, for example the member `stored` of a syna_mmap_row. No handle is needed.
 *
 * element     SYNA_MMAP_ELEMENT_*: the type of the vector, as syna_mmap_element of its store.
 * dimensions  its components, 1 to SYNA_MMAP_MAX_DIMENSIONS.
 * stored      BORROWED for the call: the bytes of the vector, as many as syna_mmap_vector_bytes of its store,
 *             aligned to 1 byte. Not NULL.
 * out_vector  BORROWED for the call: room for `dimensions` floats, aligned to 4 bytes. Not NULL.
 *
 * Returns: whether the vector was converted. False for an unknown element type, a wrong number of dimensions,
 * and an invalid pointer; nothing is written then.
 * Threads: any, also in callbacks. Cost: a copy.
 */
bool syna_mmap_decode_vector(uint32_t element,
                             uint32_t dimensions,
                             const void *stored,
                             float *out_vector);

/* ---- Columns of a store, and the values of a key ------------------------------------------------------------- */

/**
 * Reports the columns of a store, in order. Their positions in this list are the numbers that other calls take.
 *
 * store      a handle.
 * columns    BORROWED for the call: room for `capacity` columns. The first ones are written, at most `capacity`. May
 *            be NULL if `capacity` is 0. SYNA_MMAP_MAX_COLUMNS are always enough.
 * capacity   columns.
 * out_count  BORROWED for the call: how many columns the store has, also if it exceeds `capacity`. Not NULL.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT, _POISONED.
 * On failure: nothing is written.
 * Threads: any. Cost: a copy.
 */
syna_mmap_status syna_mmap_columns(const syna_mmap *store,
                                   syna_mmap_column *columns,
                                   size_t capacity,
                                   size_t *out_count,
                                   syna_mmap_error *error);

/**
 * The value of a key in a column: what was written with its row or by syna_mmap_update, 0 if nothing was.
 *
 * store      a handle.
 * key        COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * column     the column: its position in syna_mmap_columns.
 * out_value  BORROWED for the call: the value, in the member for the kind of the column. Aligned to 8 bytes.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_get; SYNA_MMAP_ERR_INVALID_ARGUMENT also if the store has no such column. On failure:
 * *out_value is not written. Threads: any. Cost: one lookup, and another one if the row was updated.
 */
syna_mmap_status syna_mmap_get_value(const syna_mmap *store,
                                     const char *key,
                                     size_t key_len,
                                     uint32_t column,
                                     syna_mmap_value *out_value,
                                     syna_mmap_error *error);

/* ---- Iterating ----------------------------------------------------------------------------------------------- */

/**
 * An iterator over the rows of a store, in insertion order. OWNED by you: free it with
 * syna_mmap_cursor_free.
 *
 * It returns the rows that were live when it was created, whatever is written or deleted meanwhile.
 * Threads: one at a time. A call on a cursor that another thread is using returns
 * SYNA_MMAP_ERR_INVALID_ARGUMENT.
 * Outlives: the store may be closed or compacted before the cursor is freed. The cursor keeps the memory
 * and the disk space of its rows.
 * Fork: a child can only free it.
 */
typedef struct syna_mmap_cursor syna_mmap_cursor;

/**
 * A row with all that was written with it. This struct never grows.
 *
 * What it points to is BORROWED. From syna_mmap_cursor_next: until the cursor is freed, even after
 * syna_mmap_close. From syna_mmap_get_row: until the store is closed. In a syna_mmap_filter_callback: until the
 * callback returns. The member `values` is an exception: copy what you need for longer.
 */
typedef struct syna_mmap_row {
  /**
   * The key, without a terminating NUL; in a store of text keys UTF-8. BORROWED as said above. Not
   * NULL.
   */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /**
   * The stored vector: `dimensions` floats in read-only memory. BORROWED as said above. NULL in a store whose
   * element type is not SYNA_MMAP_ELEMENT_F32: syna_mmap_decode_vector converts `stored`, in a filter callback
   * too. (syna_mmap_get finds the key's vector of that moment, which may be another one.)
   */
  const float *vector;
  /**
   * The vector as it is stored, in any element type: see the member vectors_element of syna_mmap_batch. Its
   * type is syna_mmap_element of the store. In read-only memory, aligned as in syna_mmap_view. BORROWED as said
   * above.
   */
  const void *stored;
  /** Bytes of the stored vector, as syna_mmap_vector_bytes. */
  size_t stored_bytes;
  /** The payload, in read-only memory, aligned to 1 byte. NULL if there is none. BORROWED as said above. */
  const uint8_t *payload;
  /** Bytes of the payload; 0 if there is none. */
  size_t payload_len;
  /** The tags; 0 if there are none. */
  uint64_t tags;
  /** The row number, as in syna_mmap_hit. */
  uint64_t row;
  /**
   * The values of the row: one for each column of the store, in the order of the columns. NULL if the store has no
   * columns. They are a copy, so a later update does not change them. BORROWED for a shorter time than the other
   * members. From syna_mmap_cursor_next: until the next call of it for this cursor, or until the cursor is freed.
   * From syna_mmap_get_row: until the next call of it in the same thread, for any store, or until that thread
   * ends. In a syna_mmap_filter_callback: until the callback returns.
   */
  const syna_mmap_value *values;
} syna_mmap_row;

/**
 * Creates a cursor over the rows that are live at this moment.
 *
 * store       a handle.
 * first_row   where to begin. 0: all rows. To continue an earlier iteration: its last row number plus one.
 *             Deleted rows are skipped; a number past the last row gives no rows. A compaction renumbers
 *             the rows.
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
 * Returns the next rows of an iteration.
 *
 * cursor     a handle.
 * out_rows   BORROWED for the call: room for `capacity` rows. May be NULL if `capacity` is 0. What the rows
 *            point to is BORROWED until the cursor is freed, also after later calls; their `values` until the
 *            next call.
 * capacity   rows; 0 returns none.
 * out_count  BORROWED for the call: how many rows were written. It is less than `capacity` only at the end,
 *            and 0 after the end.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also at the end, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT,
 * _NO_MEMORY (for the values), _POISONED.
 * On failure: *out_count is not written, and the content of out_rows is unspecified.
 * Threads: one at a time for each cursor; writes and searches run meanwhile. Cost: one lookup a row;
 * nothing is copied but the values of columns. The cursor keeps memory for these, 8 bytes each, for as many rows
 * as were asked for at once.
 */
syna_mmap_status syna_mmap_cursor_next(syna_mmap_cursor *cursor,
                                       syna_mmap_row *out_rows,
                                       size_t capacity,
                                       size_t *out_count,
                                       syna_mmap_error *error);

/**
 * Frees a cursor and everything that was borrowed from it.
 *
 * cursor  a handle. NULL or an already freed one: nothing is done.
 *
 * Threads: any; waits for a call that another thread has in progress on the cursor. Cost: small.
 */
void syna_mmap_cursor_free(syna_mmap_cursor *cursor);

/* ---- Reading without copies, by row number, many keys -------------------------------------------------------- */

/**
 * A row as it lies in the file, with all that was written with it. You own the struct.
 *
 * Initialize it with SYNA_MMAP_VIEW_INIT, or set struct_size before the call. Later versions append
 * members. In a shorter struct the members that it has are filled; in a longer one the unknown members are
 * zeroed.
 * Threads: plain memory; one thread at a time may change it.
 *
 * What it points to is read-only memory that is BORROWED until the store is closed. It stays valid and
 * unchanged until then, even if the key is deleted or replaced. If a compaction or a refresh replaces the
 * file, the old file keeps its disk space and its memory that long.
 */
typedef struct syna_mmap_view {
  /** sizeof(syna_mmap_view), set by you. */
  size_t struct_size;
  /** The key as stored, without a terminating NUL. BORROWED as said above. Not NULL. */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /**
   * The stored vector, of the type in `element`, aligned to 64 bytes. A vector of at most 32 bytes is aligned to
   * its bytes rounded up to a power of two, at least 4. In a store of syna_mmap_open_at or
   * syna_mmap_open_memory: as said there. BORROWED as said above.
   */
  const void *vector;
  /** Bytes of the vector. */
  size_t vector_bytes;
  /** The payload, aligned to 1 byte. NULL if there is none. BORROWED as said above. */
  const uint8_t *payload;
  /** Bytes of the payload; 0 if there is none. */
  size_t payload_len;
  /** The tags; 0 if there are none. */
  uint64_t tags;
  /** The row number, as in syna_mmap_hit. */
  uint64_t row;
  /**
   * SYNA_MMAP_ELEMENT_*: what `vector` points to; see the member vectors_element of syna_mmap_batch. Later
   * versions add others: check it before you read the vector.
   */
  uint32_t element;
  /** 0. */
  uint32_t reserved;
} syna_mmap_view;

/** Initializes a syna_mmap_view in C and C++: sets struct_size; all other members are zero. */
#define SYNA_MMAP_VIEW_INIT {sizeof(syna_mmap_view), NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, 0}

/**
 * The row of a key with all that was written with it, without a copy.
 *
 * store     a handle.
 * key       COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * out_view  BORROWED for the call: a struct whose struct_size is set. What it points to afterwards is
 *           BORROWED until the store is closed.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_NOT_FOUND, _INVALID_ARGUMENT, _INVALID_KEY, _INVALID_HANDLE,
 * _POISONED.
 * On failure: *out_view is not written.
 * Threads: any. Another thread must not close the store while you read what the view points to. Cost: one
 * lookup. After the first call, a compaction keeps the old file until the store is closed.
 */
syna_mmap_status syna_mmap_get_view(const syna_mmap *store,
                                    const char *key,
                                    size_t key_len,
                                    syna_mmap_view *out_view,
                                    syna_mmap_error *error);

/**
 * The row number of a key. A later upsert gives the key another row, and a compaction renumbers the rows.
 *
 * store    a handle.
 * key      COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * out_row  BORROWED for the call: the row number, as in syna_mmap_hit.
 * error    BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_get. On failure: *out_row is not written. Cost: one lookup.
 */
syna_mmap_status syna_mmap_row_of(const syna_mmap *store,
                                  const char *key,
                                  size_t key_len,
                                  uint64_t *out_row,
                                  syna_mmap_error *error);

/**
 * The row with a number, without a copy. Deleted rows stay in the file until a compaction, which renumbers
 * the rows.
 *
 * store        a handle.
 * row          a row number, as in syna_mmap_hit.
 * out_row      BORROWED for the call. What it points to afterwards is BORROWED until the store is closed, as
 *              in syna_mmap_view; `values` until the next call of this function in the same thread.
 * out_is_live  BORROWED for the call: whether the row is live. NULL: a deleted row is
 *              SYNA_MMAP_ERR_NOT_FOUND, as a number that no row has.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_get_view. On failure: neither *out_row nor *out_is_live is written. Cost:
 * negligible. After the first call, a compaction keeps the old file until the store is closed.
 */
syna_mmap_status syna_mmap_get_row(const syna_mmap *store,
                                   uint64_t row,
                                   syna_mmap_row *out_row,
                                   bool *out_is_live,
                                   syna_mmap_error *error);

/**
 * Copies the vectors of many keys. Keys that do not exist are no error.
 *
 * Each key is looked up by itself: a write that another thread makes meanwhile may be seen by some of the
 * keys.
 *
 * store        a handle.
 * keys         COPIED: the bytes of all keys, one after the other. May be NULL if all keys are empty.
 * key_offsets  COPIED: count + 1 offsets, aligned to 8 bytes. Key i is keys[key_offsets[i]] up to
 *              keys[key_offsets[i + 1]].
 * count        keys. 0: the pointers above and below may be NULL.
 * out_vectors  BORROWED for the call: room for count x dimensions floats. The vector of key i begins at
 *              element i * dimensions; it is not written if the key does not exist.
 * out_found    BORROWED for the call: room for count flags; whether key i exists.
 * out_count    BORROWED for the call: how many keys exist. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY (the message names the position),
 * _INVALID_HANDLE, _LIMIT, _POISONED.
 * On failure: nothing is written.
 * Threads: any. Cost: one lookup and a copy for each key.
 */
syna_mmap_status syna_mmap_get_batch(const syna_mmap *store,
                                     const char *keys,
                                     const uint64_t *key_offsets,
                                     size_t count,
                                     float *out_vectors,
                                     bool *out_found,
                                     size_t *out_count,
                                     syna_mmap_error *error);

/* ---- Results ------------------------------------------------------------------------------------------------- */

/**
 * The hits of a search, and the working memory of searches. OWNED by you: free it with
 * syna_mmap_results_free.
 *
 * Create one for each thread that searches and reuse it: a search with reused results allocates nothing.
 * Threads: one at a time. A search into results that another thread is using returns
 * SYNA_MMAP_ERR_INVALID_ARGUMENT and leaves them unchanged. The other functions treat such results as an
 * invalid handle.
 * Outlives: results belong to no store; they can be used with any store. What they point to stays valid and
 * unchanged until the next search into them or until they are freed, even if the store is closed or the
 * rows are deleted. Until then they also keep the disk space of their rows.
 * Fork: a child can only free it.
 */
typedef struct syna_mmap_results syna_mmap_results;

/**
 * One hit of a search, an element of the array that syna_mmap_results_hits returns. This struct never
 * grows.
 *
 * All of it is BORROWED until the results are searched into again or freed, even after syna_mmap_close.
 */
typedef struct syna_mmap_hit {
  /**
   * The key, without a terminating NUL; in a store of text keys UTF-8. BORROWED as said above. Not
   * NULL.
   */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /** The distance to the query. Smaller is nearer, for every metric. */
  float distance;
  /** 0. */
  uint32_t reserved;
  /**
   * The stored vector: `dimensions` floats in read-only memory. BORROWED as said above. NULL in a store whose
   * element type is not SYNA_MMAP_ELEMENT_F32: see syna_mmap_results_vector and syna_mmap_results_stored.
   */
  const float *vector;
  /**
   * The row number. Rows are numbered from 0 in insertion order. Numbers are not reused; a compaction
   * renumbers the rows.
   */
  uint64_t row;
} syna_mmap_hit;

/**
 * Creates results to search into.
 *
 * out_results  BORROWED for the call. On success a handle that is OWNED by you: free it with
 *              syna_mmap_results_free.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NO_MEMORY, _LIMIT (handles).
 * On failure: *out_results is not written.
 * Threads: any. Cost: small; the first search allocates the memory.
 */
syna_mmap_status syna_mmap_results_new(syna_mmap_results **out_results, syna_mmap_error *error);

/**
 * Frees results and everything that was borrowed from them.
 *
 * results  a handle. NULL or an already freed one: nothing is done.
 *
 * Threads: one at a time; waits for a search that another thread has in progress into them. Cost: small.
 */
void syna_mmap_results_free(syna_mmap_results *results);

/**
 * The hits of the last search, by ascending distance; hits at the same distance by ascending row number.
 * After a batch search: the hits of all queries, query after query.
 *
 * results    a handle.
 * out_count  BORROWED for the call: the number of hits; 0 also for an invalid handle. May be NULL.
 *
 * Returns: the first hit, BORROWED until the results are searched into again or freed. NULL if there are no
 * hits.
 * Threads: one at a time. Cost: negligible.
 */
const syna_mmap_hit *syna_mmap_results_hits(const syna_mmap_results *results, size_t *out_count);

/**
 * The hits of one query of the last syna_mmap_search_batch, by ascending distance; hits at the same
 * distance by ascending row number. After any other search, query 0 has all hits.
 *
 * results    a handle.
 * query      the query, from 0.
 * out_count  BORROWED for the call: the number of hits; 0 also for an invalid handle and an invalid query.
 *            May be NULL.
 *
 * Returns: the first hit, BORROWED until the results are searched into again or freed. NULL if there are no
 * hits. It points into the array of syna_mmap_results_hits, so the difference of the two pointers is the
 * `index` argument of syna_mmap_results_tags, _payload, _vector, _stored and _column.
 * Threads: one at a time. Cost: negligible.
 */
const syna_mmap_hit *syna_mmap_results_query_hits(const syna_mmap_results *results,
                                                  size_t query,
                                                  size_t *out_count);

/**
 * Whether the search for one query of the last syna_mmap_search_batch reached its deadline or max_visits.
 * False for an invalid handle and an invalid query.
 *
 * results  a handle.
 * query    the query, from 0.
 *
 * Threads: one at a time. Cost: negligible.
 */
bool syna_mmap_results_query_is_partial(const syna_mmap_results *results, size_t query);

/**
 * Whether the last search, or a query of a batch, reached its deadline or max_visits, so that its hits are
 * the best found until then. False for an invalid handle.
 *
 * results  a handle.
 *
 * Threads: one at a time. Cost: negligible.
 */
bool syna_mmap_results_is_partial(const syna_mmap_results *results);

/**
 * The tags of a hit: the number that was written with its row. 0 if there was none, for an invalid handle,
 * and for an invalid index.
 *
 * results  a handle.
 * index    the hit, from 0, as in the array of syna_mmap_results_hits.
 *
 * Threads: one at a time. Cost: one lookup.
 */
uint64_t syna_mmap_results_tags(const syna_mmap_results *results, size_t index);

/**
 * The payload of a hit: the bytes that were written with its row.
 *
 * results  a handle.
 * index    the hit, from 0, as in the array of syna_mmap_results_hits.
 * out_len  BORROWED for the call: the number of bytes. 0 if the row has no payload, for an invalid index,
 *          and for an invalid handle. May be NULL.
 *
 * Returns: the first byte, in read-only memory, aligned to 1 byte, BORROWED until the results are searched
 * into again or freed. NULL if there is no payload.
 * Threads: one at a time. Cost: one lookup.
 */
const uint8_t *syna_mmap_results_payload(const syna_mmap_results *results, size_t index, size_t *out_len);

/* ---- Vectors and values of hits ------------------------------------------------------------------------------ */

/**
 * Copies the vector of a hit as floats, in a store of any element type.
 *
 * results     a handle.
 * index       the hit, from 0, as in the array of syna_mmap_results_hits.
 * out_vector  BORROWED for the call: room for as many floats as the store has dimensions that was searched
 *             last. Not NULL, aligned to 4 bytes.
 *
 * Returns: whether the vector was copied. False for an invalid handle, index or pointer; nothing is written
 * then.
 * Threads: one at a time. Cost: a copy.
 */
bool syna_mmap_results_vector(const syna_mmap_results *results, size_t index, float *out_vector);

/**
 * The vector of a hit as it is stored, without a copy, in a store of any element type: see the member
 * vectors_element of syna_mmap_batch. Its type is syna_mmap_element of the store that was searched last: note it
 * before you close the store.
 *
 * results    a handle.
 * index      the hit, from 0, as in the array of syna_mmap_results_hits.
 * out_bytes  BORROWED for the call: the bytes of the stored vector; 0 for an invalid index and an invalid
 *            handle. May be NULL.
 *
 * Returns: the first byte, in read-only memory, aligned as in syna_mmap_view, BORROWED until the results are
 * searched into again or freed. NULL for an invalid index and an invalid handle.
 * Threads: one at a time. Cost: one lookup.
 */
const void *syna_mmap_results_stored(const syna_mmap_results *results,
                                     size_t index,
                                     size_t *out_bytes);

/**
 * The value of a hit in a column. An update after the search may be seen or not.
 *
 * results    a handle.
 * index      the hit, from 0, as in the array of syna_mmap_results_hits.
 * column     the column: its position in syna_mmap_columns of the store that was searched last.
 * out_value  BORROWED for the call: the value, in the member for the kind of the column. Not NULL, aligned to 8 bytes.
 *
 * Returns: whether the value was written. False for an invalid handle, index, column or pointer; nothing is written
 * then.
 * Threads: one at a time. Cost: a read, and a lookup if the row was updated.
 */
bool syna_mmap_results_column(const syna_mmap_results *results,
                              size_t index,
                              uint32_t column,
                              syna_mmap_value *out_value);

/* ---- Search options and filters ------------------------------------------------------------------------------ */

/**
 * A condition in your program: whether a row may be a hit.
 *
 * context  BORROWED for the callback: the filter_context of the options, unchanged.
 * row      BORROWED for the callback, with all that it points to.
 *
 * Returns: true if the row may be a hit. It is called at most once for each row and search, only for rows that
 * meet all other conditions, in no particular order. In a batch it is called at most once for each row and
 * query, and once more for up to 256 rows, by which the search method is chosen. It is not called after the
 * deadline.
 * It must not call this library: functions with a status return SYNA_MMAP_ERR_INVALID_ARGUMENT, the others
 * 0, false or NULL. It must return normally: an exception or a longjmp that leaves it is undefined
 * behaviour.
 * Threads: the calling thread; in syna_mmap_search_batch also the store's `threads`, several at the same
 * time. Cost: yours, times the number of rows it is called for, up to all rows.
 */
typedef bool (*syna_mmap_filter_callback)(void *context, const syna_mmap_row *row);

/**
 * How to search, and which rows may be hits: those that meet every condition. You own it and all that it
 * points to: it is BORROWED by the search for the call and may go out of scope after it.
 *
 * With conditions, a search still returns k hits whenever k rows meet them. It costs at most about 1.5
 * times as much as checking every row and comparing those that meet the conditions.
 * Fill it with syna_mmap_search_options_init. Later versions append members. Threads: plain memory; one
 * thread at a time may change it.
 */
typedef struct syna_mmap_search_options {
  /** sizeof(syna_mmap_search_options). */
  size_t struct_size;
  /**
   * How many candidates to consider; up to twice as many if the index is less accurate for the data. More
   * is slower and finds more. A search that has found its k rows well before that stops early, except with
   * the dot product. 0: hnsw_ef_search, or more if the index needs more (see fixed_ef). Less than k counts
   * as k. Default 0.
   */
  uint32_t ef;
  /** Not 0: compare the query with every vector instead of using the index. Default 0. */
  uint32_t exact;
  /**
   * Microseconds from the start of the call after which the search ends with the best hits found so far.
   * These may be fewer than k, or none; syna_mmap_results_is_partial tells. The clock is read from time to
   * time, and before each call of a filter, so the search ends slightly later. 0: no deadline. Default 0.
   */
  uint64_t deadline_us;
  /**
   * The most rows that the search for one query may visit in the index or compare one by one. It then ends
   * as at a deadline. Rows that do not meet the conditions are not compared: only deadline_us limits how
   * many of them are looked at. 0: no limit. Default 0.
   */
  uint64_t max_visits;
  /** Condition: the row has at least one of these tags. 0: no condition. Default 0. */
  uint64_t tags_any;
  /** Condition: the row has all of these tags. 0: no condition. Default 0. */
  uint64_t tags_all;
  /** Condition: the row has none of these tags. 0: no condition. Default 0. */
  uint64_t tags_none;
  /**
   * BORROWED for the call. Condition: the key begins with these bytes, which must be UTF-8 in a store of text
   * keys. May be NULL if key_prefix_len is 0.
   */
  const char *key_prefix;
  /** Bytes of key_prefix. 0: no condition. Default 0. */
  size_t key_prefix_len;
  /**
   * BORROWED for the call. Condition: the row's bit is set, that is bit row % 64 of row_bitmap[row / 64].
   * Rows after the end of the bitmap do not meet the condition, so an array of 0 words excludes all rows.
   * NULL: no condition. A compaction renumbers the rows. Default NULL.
   */
  const uint64_t *row_bitmap;
  /** Elements of row_bitmap. */
  size_t row_bitmap_words;
  /** Condition: the callback returns true. NULL: no condition. Default NULL. */
  syna_mmap_filter_callback filter;
  /** BORROWED for the call: passed to the callback unchanged. May be NULL. */
  void *filter_context;
  /**
   * Only for syna_mmap_search_range. Not 0: use the index instead of comparing all vectors; rows may be
   * missing. Ignored if there are conditions. Default 0.
   */
  uint32_t approximate;
  /**
   * Not 0: hits are at most at max_distance; a search then finds fewer than k if fewer rows are that near. In
   * syna_mmap_search_range, both this and the argument apply. 0: no limit. Default 0.
   */
  uint32_t has_max_distance;
  /** Only if has_max_distance is not 0: the largest distance of a hit. Default 0. */
  float max_distance;
  /** Only if has_after is not 0: the distance of the last hit of the page before. Default 0. */
  float after_distance;
  /** Only if has_after is not 0: the row of that hit. Default 0. */
  uint64_t after_row;
  /**
   * Paging. Not 0: hits come after the one at after_distance and after_row, in the order of hits: by
   * ascending distance, then by ascending row number. The next search for the same query with the distance
   * and the row of the last hit finds the next page. The row need not exist any more. 0: from the nearest
   * row on. Default 0.
   *
   * Pages never overlap. Those of exact searches, one after the other, are one longer exact search. Pages
   * through the index have k hits whenever k rows follow. They lack about as many rows as one search through
   * the index for all of them, as long as ef is at least the number of their hits; a row that is missing on
   * its page is not found later, so set a larger ef from the first page on for more of them, above all with
   * conditions. Rows that are written between two pages are hits if they come later in the order. A
   * compaction renumbers the rows: begin again after one. After a partial page, the next one begins after its last hit, so what the partial
   * page lacks is not found later.
   *
   * Cost through the index: a search for all rows up to the end of the page, or two to three such searches
   * for a page that is far from the nearest row; at most about 1.5 times as much as comparing every row. In
   * syna_mmap_search_batch it applies to every query; syna_mmap_search_range returns all hits after it.
   */
  uint32_t has_after;
  /** 0. */
  uint32_t reserved;
} syna_mmap_search_options;

/**
 * Fills `options` with the defaults.
 *
 * options      BORROWED for the call: `struct_size` bytes, which are overwritten. NULL, not aligned, or a
 *              struct_size below sizeof(size_t) or above 4,096: nothing is done.
 * struct_size  sizeof(syna_mmap_search_options) as your program was compiled. It is stored in the member of
 *              that name.
 *
 * Threads: any, also in callbacks. Cost: negligible.
 */
void syna_mmap_search_options_init(syna_mmap_search_options *options, size_t struct_size);

/* ---- Rows that meet conditions ------------------------------------------------------------------------------- */

/**
 * Deletes all rows that meet the conditions, all or none, as one write. The conditions are evaluated for
 * the rows that are live when the call begins; rows that are written meanwhile are not deleted.
 *
 * store        a handle.
 * options      BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
 *              conditions: all rows are deleted.
 * out_deleted  BORROWED for the call: how many rows were deleted. May be NULL.
 * error        BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_insert. On failure: as there; *out_deleted is not written. Cost: the
 * conditions of every row, then one small write. Other writes run until it begins to delete. The index work
 * of up to 16 rows.
 */
syna_mmap_status syna_mmap_delete_where(syna_mmap *store,
                                        const syna_mmap_search_options *options,
                                        size_t *out_deleted,
                                        syna_mmap_error *error);

/**
 * Counts the rows that meet the conditions.
 *
 * store      a handle.
 * options    BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
 *            conditions: all rows are counted.
 * out_count  BORROWED for the call: the number of rows.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_KEY (the prefix is not UTF-8 in a store
 * of text keys), _INVALID_HANDLE, _POISONED.
 * On failure: *out_count is not written.
 * Threads: any; writes and searches run meanwhile and have no effect on it. Cost: the conditions of every
 * row; a key prefix reads each key. Without conditions: negligible.
 */
syna_mmap_status syna_mmap_count_where(const syna_mmap *store,
                                       const syna_mmap_search_options *options,
                                       uint64_t *out_count,
                                       syna_mmap_error *error);

/**
 * Lists the rows that meet the conditions, by ascending row number. syna_mmap_get_row returns the row of a
 * number.
 *
 * store      a handle.
 * options    BORROWED for the call, with all that it points to. Only its conditions are used. NULL, or no
 *            conditions: all rows are listed.
 * first_row  where to begin. 0: all rows. To continue: the last row number that was returned plus one. A
 *            compaction in between renumbers the rows.
 * out_rows   BORROWED for the call: room for `capacity` row numbers. May be NULL if `capacity` is 0.
 * capacity   row numbers; 0 returns none.
 * out_count  BORROWED for the call: how many were written. It is less than `capacity` only at the end.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns, threads: as syna_mmap_count_where.
 * On failure: *out_count is not written, and the content of out_rows is unspecified.
 * Cost: the conditions of the rows from first_row to the last one that is returned.
 */
syna_mmap_status syna_mmap_rows_where(const syna_mmap *store,
                                      const syna_mmap_search_options *options,
                                      uint64_t first_row,
                                      uint64_t *out_rows,
                                      size_t capacity,
                                      size_t *out_count,
                                      syna_mmap_error *error);

/* ---- Searching, and building the index ----------------------------------------------------------------------- */

/**
 * Finds the `k` stored vectors nearest to `query`, or all of them if there are fewer.
 *
 * The result is exact with `exact`, without an index, and with fewer than 2,000 rows. Otherwise it is
 * approximate: `ef` trades time for recall. A vector whose insert has returned takes part in the search,
 * indexed or not. `max_distance` leaves out farther vectors; has_after, after_distance and after_row find the
 * next page.
 *
 * store    a handle.
 * query    COPIED: as many floats as the store has dimensions, aligned to 4 bytes. Any finite floats, in a store of
 *          any element type.
 * k        at most 16,777,216. 0 is valid and finds nothing.
 * options  BORROWED for the call. NULL: the defaults.
 * results  a handle. Its previous hits are discarded, whatever the result. syna_mmap_results_hits returns
 *          the new ones.
 * error    BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also after the deadline or max_visits (syna_mmap_results_is_partial tells), or
 * SYNA_MMAP_ERR_INVALID_ARGUMENT (also: a distance of the options is NaN), _INVALID_VECTOR (NaN or infinity
 * in the query), _INVALID_KEY (the prefix is not UTF-8 in a store of text keys), _INVALID_HANDLE (of
 * the store or the results), _LIMIT (k or ef), _NO_MEMORY, _POISONED.
 * On failure: the results are empty, unless another thread is using them (_INVALID_ARGUMENT).
 * Threads: any, each with its own results. Cost: with an index, some hundred distances and one for each
 * unindexed row; without an index or with `exact`, one distance for each row. It allocates nothing once the
 * results have grown to the size that such searches need.
 */
syna_mmap_status syna_mmap_search(const syna_mmap *store,
                                  const float *query,
                                  size_t k,
                                  const syna_mmap_search_options *options,
                                  syna_mmap_results *results,
                                  syna_mmap_error *error);

/**
 * The distance of two vectors by the store's metric, bit for bit as an exact search for `a` computes it for
 * the stored vector `b`. The vectors need not be stored, and neither is rounded: in a store of another element
 * type than SYNA_MMAP_ELEMENT_F32, pass a `b` that syna_mmap_get returned.
 *
 * store         a handle.
 * a             COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * b             COPIED: as `a`.
 * out_distance  BORROWED for the call: the distance. Smaller is nearer, for every metric.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_VECTOR (NaN or infinity; the message
 * calls `a` vector 0 and `b` vector 1), _INVALID_HANDLE, _POISONED.
 * On failure: *out_distance is not written.
 * Threads: any. Cost: one distance.
 */
syna_mmap_status syna_mmap_distance(const syna_mmap *store,
                                    const float *a,
                                    const float *b,
                                    float *out_distance,
                                    syna_mmap_error *error);

/**
 * Finds the `k` stored vectors nearest to the vector of a key. The key itself is not a hit.
 *
 * store    a handle.
 * key      COPIED: `key_len` bytes. May be NULL if `key_len` is 0, the empty key.
 * k        as in syna_mmap_search.
 * options  BORROWED for the call. NULL: the defaults.
 * results  a handle. Its previous hits are discarded, whatever the result. syna_mmap_results_hits returns
 *          the new ones.
 * error    BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_search, or SYNA_MMAP_ERR_NOT_FOUND (the key does not exist), _INVALID_KEY.
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
 * Finds all stored vectors at a distance of at most `max_distance` from `query`, however many there are.
 *
 * Every vector is compared, indexed or not, so none is missed. The option `approximate` uses the index
 * instead: this is fast if there are few such vectors, but some may be missing. With has_after, only the hits
 * after the given one are found; there is no limit of their number.
 *
 * store         a handle.
 * query         COPIED: as many floats as the store has dimensions, aligned to 4 bytes.
 * max_distance  the largest distance of a hit, in the store's metric. Infinity finds all vectors. For the
 *               dot product, whose distance is the negated product, negative values are meaningful.
 * options       BORROWED for the call. NULL: the defaults. `ef` is used only with `approximate`.
 * results       a handle. Its previous hits are discarded, whatever the result. syna_mmap_results_hits
 *               returns the new ones.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_search, or SYNA_MMAP_ERR_INVALID_ARGUMENT (max_distance is NaN), _NO_MEMORY (too
 * many hits).
 * On failure, threads: as syna_mmap_search. Cost: one distance for each row; with `approximate`, a few for
 * each hit.
 */
syna_mmap_status syna_mmap_search_range(const syna_mmap *store,
                                        const float *query,
                                        float max_distance,
                                        const syna_mmap_search_options *options,
                                        syna_mmap_results *results,
                                        syna_mmap_error *error);

/**
 * Finds the `k` nearest stored vectors for each of several queries. All queries see the rows of the same
 * moment.
 *
 * The hits of all queries lie in one array, query after query; syna_mmap_results_query_hits returns those
 * of one query. An invalid query has its own status and no hits, and does not affect the others. The
 * store's `threads` share the queries. If every vector is compared (without an index, with `exact`, or if
 * few rows meet the conditions), up to 64 queries share one pass over the vectors. The distances are bit
 * for bit those of single searches.
 *
 * store         a handle.
 * queries       COPIED: count x dimensions floats, one query after the other, aligned to 4 bytes.
 * count         queries. 0: `queries` and `out_statuses` may be NULL.
 * k             as in syna_mmap_search.
 * options       BORROWED for the call. NULL: the defaults. The deadline is that of the whole call: queries
 *               whose turn comes later are partial and have no hits.
 * results       a handle. Its previous hits are discarded, whatever the result.
 * out_statuses  BORROWED for the call: room for `count` statuses, each SYNA_MMAP_OK or
 *               SYNA_MMAP_ERR_INVALID_VECTOR. May be NULL: an invalid query then fails the call.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_search.
 * On failure: out_statuses is not written. The results are empty, unless another thread is using them
 * (_INVALID_ARGUMENT).
 * Threads: any, each with its own results. Cost: at most that of `count` searches. It allocates.
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
 * Indexes every stored vector, creates the index if there is none, and then makes a checkpoint.
 * syna_mmap_build_index_with reports progress; syna_mmap_index_step does a part of the work.
 *
 * Searches find every vector before, during and after the build. Rows written during the build may stay
 * unindexed. The index is derived from the stored vectors and can always be rebuilt. Deleted and replaced
 * vectors stay in the index and make searches slower. If they are a quarter of it, this call rebuilds the
 * index without them. A rebuild takes as long as the first build and needs the memory of a second index
 * until it is complete.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _IO, _NO_SPACE, _NO_MEMORY, _LIMIT,
 * _CORRUPT, _CANCELLED (syna_mmap_interrupt), _POISONED; those of the checkpoint as syna_mmap_checkpoint.
 * On failure: searches use the part of the index that exists.
 * Threads: any. Searches and writes run meanwhile; writes wait only for the checkpoint at the end. Cost:
 * seconds to minutes, slightly more than proportional to the number of vectors. The `threads` of the
 * options share the work.
 */
syna_mmap_status syna_mmap_build_index(syna_mmap *store, syna_mmap_error *error);

/**
 * Whether searches have an index to use. False for an invalid handle.
 *
 * store  a handle.
 *
 * Threads: any. Cost: negligible.
 */
bool syna_mmap_has_index(const syna_mmap *store);

/* ---- Building the index with progress or in steps ------------------------------------------------------------ */

/**
 * The progress of a long call, reported on the thread that made the call.
 *
 * context  BORROWED for the callback: the pointer that was passed with the callback, unchanged.
 * done     rows that are done in this part of the work.
 * total    rows of this part of the work.
 *
 * Returns: true to continue; false to end the call, which then returns SYNA_MMAP_ERR_CANCELLED.
 * It must return normally: an exception or a longjmp that leaves it is undefined behaviour.
 * It may call all functions on any store, also on this one, except that it cannot close this store and,
 * during a compaction, cannot call syna_mmap_compact* on it: SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not
 * wait for a thread that closes this store, because that thread waits for the call to end.
 * Threads: the calling thread. Cost: yours.
 */
typedef bool (*syna_mmap_progress_callback)(void *context, uint64_t done, uint64_t total);

/**
 * Does what syna_mmap_build_index does, with a callback that is told the progress and can end the call.
 *
 * store     a handle.
 * callback  told how many rows of how many are indexed, after every 512 rows. When all are indexed, it is
 *           called from time to time while the index is checked. May be NULL.
 * context   BORROWED for the call: passed to the callback unchanged. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_build_index, or SYNA_MMAP_ERR_CANCELLED: indexed rows stay indexed, searches use
 * them, and a later call continues.
 * Threads, cost: as syna_mmap_build_index.
 */
syna_mmap_status syna_mmap_build_index_with(syna_mmap *store,
                                            syna_mmap_progress_callback callback,
                                            void *context,
                                            syna_mmap_error *error);

/**
 * Indexes rows for about `budget_us` microseconds, on the calling thread: incremental indexing with a time
 * budget, for frame loops. Creates the index if there is none.
 *
 * Each search compares unindexed rows one by one. Rows are indexed in batches of up to 512, each of them
 * the work of many calls, so *out_remaining decreases in large steps. After it has reached 0, calls check
 * older rows and, if a quarter of the index is deleted rows, rebuild it. When nothing is left to do, a call
 * returns at once. Steps of any length give the same index as syna_mmap_build_index, if no rows are written
 * in between.
 * A call does at least one item of work, which takes at most as long as a search, and starts no item that
 * would exceed the budget. It returns late if the system preempts the thread, if the system is slow to
 * provide memory (a 2 MB page every few hundred rows), or if a table of the index is enlarged (32 bytes a
 * row are cleared each time the rows have doubled). If another thread is working on the index, the call
 * does nothing.
 *
 * store          a handle.
 * budget_us      microseconds; 0: one item of work.
 * out_remaining  BORROWED for the call: how many rows are unindexed. May be NULL.
 * error          BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_HANDLE, _READ_ONLY, _NO_MEMORY, _POISONED.
 * On failure: *out_remaining is not written; indexed rows stay indexed.
 * Threads: any; searches and writes run meanwhile. Cost: the budget.
 */
syna_mmap_status syna_mmap_index_step(syna_mmap *store,
                                      uint64_t budget_us,
                                      uint64_t *out_remaining,
                                      syna_mmap_error *error);

/* ---- Compaction and backup ----------------------------------------------------------------------------------- */

/**
 * Copies the live rows into a new file that replaces the old one. This returns the disk space of deleted
 * and replaced rows. Rows are renumbered in the old order. If the store has an index, it is rebuilt.
 *
 * Searches and writes run meanwhile; writes wait only for the last part. Results, cursors and what was
 * borrowed from them stay unchanged. The old file is closed, and its disk space returned, when the last
 * results and cursors that borrow from it are freed or searched into again. Other processes that read the
 * old file continue with it until syna_mmap_refresh. The new file needs disk space, under a temporary name
 * in the store's folder.
 *
 * store     a handle.
 * callback  told how many rows of how many are copied, then how many are indexed. May be NULL.
 * context   BORROWED for the call: passed to the callback unchanged. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK: all writes so far also survive a power failure; or SYNA_MMAP_ERR_INVALID_HANDLE,
 * _INVALID_ARGUMENT (a call is already compacting the store), _READ_ONLY, _CANCELLED, _CORRUPT (a vector
 * differs from its checksum: see syna_mmap_salvage), _NO_SPACE, _NO_MEMORY, _IO, _POISONED.
 * On failure: the store continues with the old file. There are two exceptions. If the system cannot make
 * the new file's name durable (_IO), the store continues with the new file and refuses writes. If the index
 * cannot be saved, the store continues with the new file.
 * Threads: any. Cost: reads and writes all live rows, rebuilds the index, syncs.
 */
syna_mmap_status syna_mmap_compact(syna_mmap *store,
                                   syna_mmap_progress_callback callback,
                                   void *context,
                                   syna_mmap_error *error);

/**
 * Does a part of what syna_mmap_compact does, for about `budget_us` microseconds. Call it until *out_done
 * is true. Between two calls the store can be used without restriction.
 *
 * A call does at least one step: 1,024 rows copied, or 512 rows indexed. Some steps take longer: the first
 * reads all keys; if the store has an index, one checks all its rows; one syncs the new file, and the last
 * one syncs the rest.
 *
 * store      a handle.
 * budget_us  microseconds; 0: one step.
 * out_done   BORROWED for the call: whether the compaction is complete.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: as syna_mmap_compact. On failure: *out_done is not written; the next call starts again from the
 * beginning.
 * Threads: any. Cost: the budget, or one step if that is longer.
 */
syna_mmap_status syna_mmap_compact_step(syna_mmap *store,
                                        uint64_t budget_us,
                                        bool *out_done,
                                        syna_mmap_error *error);

/**
 * Abandons a compaction that syna_mmap_compact_step has begun, and removes its copy. syna_mmap_close does
 * the same.
 *
 * store  a handle.
 * error  BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also if no compaction was begun, or SYNA_MMAP_ERR_INVALID_HANDLE,
 * _INVALID_ARGUMENT (a call is compacting the store), _POISONED.
 * Threads: any. Cost: removing a file.
 */
syna_mmap_status syna_mmap_compact_cancel(syna_mmap *store, syna_mmap_error *error);

/**
 * Writes the rows that are live at this moment into the new file `path`: a backup of a store in use.
 *
 * The copy is an independent store, as small as after a compaction. It has no index; after it is opened for
 * writing, writes or syna_mmap_build_index build one. The call also works for a store opened read-only.
 *
 * store     a handle.
 * path      COPIED. A path as for syna_mmap_open, of a file that does not exist.
 * callback  told how many rows of how many were copied or skipped. May be NULL.
 * context   BORROWED for the call: passed to the callback unchanged. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK: the copy survives a power failure; or SYNA_MMAP_ERR_INVALID_HANDLE,
 * _INVALID_ARGUMENT, _CANCELLED, _CORRUPT (a vector differs from its checksum), _NO_SPACE, _NO_MEMORY, _IO
 * (also if `path` exists), _POISONED.
 * On failure: the file `path` does not exist, or is unchanged if it existed before.
 * Threads: any; waits for a write in progress when it begins, then searches and writes run meanwhile. Cost:
 * reads and writes all live rows, syncs.
 */
syna_mmap_status syna_mmap_snapshot_to(const syna_mmap *store,
                                       const char *path,
                                       syna_mmap_progress_callback callback,
                                       void *context,
                                       syna_mmap_error *error);

/* ---- Statistics ---------------------------------------------------------------------------------------------- */

/**
 * Statistics of a store. You own it; it may lie in any memory.
 *
 * Initialize it with SYNA_MMAP_STATS_INIT, or set struct_size before the call. Later versions append
 * members. In a shorter struct the members that it has are filled; in a longer one the unknown members are
 * zeroed.
 * Threads: plain memory; one thread at a time.
 */
typedef struct syna_mmap_stats {
  /** sizeof(syna_mmap_stats), set by you. */
  size_t struct_size;
  /** Rows in the file, live and deleted. */
  uint64_t rows;
  /** Live rows, as syna_mmap_len. */
  uint64_t live_rows;
  /** Deleted rows; syna_mmap_compact returns their space. */
  uint64_t deleted_rows;
  /** The length of the data file: the sum of vector_bytes, log_bytes and slack_bytes. */
  uint64_t file_bytes;
  /** Vectors and column values of all rows, deleted rows included. */
  uint64_t vector_bytes;
  /** Keys, tags, payloads, checksums. */
  uint64_t log_bytes;
  /** Superblocks, headers, and space that is allocated ahead. */
  uint64_t slack_bytes;
  /** The length of the index file; 0 if there is none. */
  uint64_t index_bytes;
  /**
   * Data files that were replaced by a compaction and keep their space because results or cursors borrow
   * from them.
   */
  uint64_t replaced_bytes;
  /** Rows that the index covers; 0 if there is no index. Searches compare the rows after them one by one. */
  uint64_t indexed_rows;
  /** The number of checkpoints in the file's life. */
  uint64_t generation;
  /** The number of the last write. Writes that change something are numbered from 1 over the store's life. */
  uint64_t last_seq;
  /** The number of the last write that survives a power failure. */
  uint64_t durable_seq;
  /** 1 if searches use an index, else 0. */
  uint32_t has_index;
  /**
   * The candidates of a search that sets no ef: hnsw_ef_search, or more if the index needs more (see
   * fixed_ef).
   */
  uint32_t default_ef;
  /**
   * The recall, 0 to 1, of searches for 10 vectors with default_ef candidates. The index measures it on a
   * sample of its rows each time it has doubled, or grown by a quarter if 100 candidates are not enough. -1
   * if it was not measured, as in an index of fewer than 2,000 rows. With fixed_ef or a larger
   * hnsw_ef_search, it is the recall with the number of candidates that the index would choose.
   */
  double index_recall;
  /**
   * Seconds since the last checkpoint that this open store has made, by syna_mmap_checkpoint,
   * syna_mmap_flush, syna_mmap_compact or automatically. -1 if it has made none, as in a store opened
   * read-only. The file does not contain the time of a checkpoint.
   */
  double secs_since_checkpoint;
} syna_mmap_stats;

/** Initializes a syna_mmap_stats in C and C++: sets struct_size; all other members are zero. */
#define SYNA_MMAP_STATS_INIT {sizeof(syna_mmap_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/**
 * Reports what the store holds, how much space it takes, and which writes are durable.
 *
 * store      a handle.
 * out_stats  BORROWED for the call: a struct whose struct_size is set.
 * error      BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _IO, _POISONED.
 * On failure: *out_stats is not written.
 * Threads: any; waits for a write or a checkpoint in progress. Cost: queries the system for the lengths of
 * two files.
 */
syna_mmap_status syna_mmap_get_stats(const syna_mmap *store,
                                     syna_mmap_stats *out_stats,
                                     syna_mmap_error *error);

/* ---- Verification, recall, salvage --------------------------------------------------------------------------- */

/**
 * The row's vector differs from its checksum: the disk has changed it. Or it has values that no vector of the
 * store's element type has, for example NaN, under a valid checksum: another program has written it.
 * syna_mmap_salvage saves the other rows.
 */
#define SYNA_MMAP_PROBLEM_DAMAGED_VECTOR 1U

/** A search through the index for the row's own vector does not find it. */
#define SYNA_MMAP_PROBLEM_HIDDEN 2U

/** No path of links in the index leads to the row, so no search through the index can find it. */
#define SYNA_MMAP_PROBLEM_UNREACHABLE 3U

/**
 * The row's record in the index file differs from its checksum: the disk has changed it. The index is no
 * longer used: searches compare all vectors until syna_mmap_build_index or automatic indexing rebuilds it.
 */
#define SYNA_MMAP_PROBLEM_DAMAGED_LINKS 4U

/**
 * The index has only links to the row that may be replaced, or none. Reported only if this holds for more
 * than 16 rows and for more than one row in 50: searches then are slower and find less than they could. Not
 * reported if a row has fewer than 16 links (hnsw_m_max).
 */
#define SYNA_MMAP_PROBLEM_ORPHAN 5U

/**
 * The index file was not used when the store was opened: it is damaged, or belongs to another state of the
 * data file. `message` has the reason. This is a problem of the store and not of a row: key_len is 0 and row
 * is UINT64_MAX. Searches compare all vectors until the index is rebuilt. A later save of the index removes
 * the problem. No data are lost: a process that is killed between a compaction and the next save of the index
 * leaves such an index file too.
 */
#define SYNA_MMAP_PROBLEM_IGNORED_INDEX 6U

/**
 * A problem of one row, or of the store. It is BORROWED until the callback that receives it returns,
 * including the key and the message that it points to. This struct never grows.
 */
typedef struct syna_mmap_finding {
  /**
   * The row's key, without a terminating NUL; in a store of text keys UTF-8. BORROWED as said above.
   * Not NULL.
   */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /** The row number, as in syna_mmap_hit. */
  uint64_t row;
  /** SYNA_MMAP_PROBLEM_*. Later versions add new ones: treat an unknown number as damage. */
  uint32_t problem;
  /** 0. */
  uint32_t reserved;
  /** The problem as a sentence in English, terminated by NUL. BORROWED as said above. Not NULL. */
  const char *message;
} syna_mmap_finding;

/**
 * Receives the findings and the progress of syna_mmap_verify, on the thread that called it, one call at a
 * time.
 *
 * context  BORROWED for the callback: the pointer that was passed to syna_mmap_verify, unchanged.
 * finding  BORROWED for the callback. NULL: a progress report.
 * done     of a progress report: rows that were searched for so far. Of a finding: its number, from 1.
 * total    of a progress report: the most rows that will be searched for. Of a finding: the number of
 *          findings.
 *
 * Returns: true to continue; false to end the call, which then returns SYNA_MMAP_ERR_CANCELLED.
 * It must return normally: an exception or a longjmp that leaves it is undefined behaviour.
 * It may call all functions on any store, also on this one, except that it cannot close this store:
 * SYNA_MMAP_ERR_INVALID_ARGUMENT. It must not wait for a thread that closes this store, because that thread
 * waits for the call to end.
 * Threads: the thread that called syna_mmap_verify. Cost: yours; only a close waits for it.
 */
typedef bool (*syna_mmap_verify_callback)(void *context,
                                          const syna_mmap_finding *finding,
                                          uint64_t done,
                                          uint64_t total);

/**
 * Proves that the store is intact. It compares every vector with its checksum and follows the links of the
 * index to every row. With the cosine and euclidean metrics, it also searches the index for each row by the
 * row's own vector.
 *
 * It covers the rows of the moment of the call. Progress is reported once for 1,024 indexed rows that were
 * searched for. The findings are reported at the end: first SYNA_MMAP_PROBLEM_IGNORED_INDEX, then those of
 * rows, by ascending row number; a row with two problems is two findings.
 * After _HIDDEN, _UNREACHABLE or _ORPHAN: close the store, remove the file path.hnsw, open the store and
 * call syna_mmap_build_index. After _DAMAGED_LINKS or _IGNORED_INDEX: call
 * syna_mmap_build_index and syna_mmap_checkpoint.
 *
 * store         a handle.
 * callback      called with findings and progress. May be NULL: findings are then only counted.
 * context       BORROWED for the call: passed to the callback unchanged. May be NULL.
 * out_findings  BORROWED for the call: the number of findings; 0: the store is intact. May be NULL.
 * error         BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also with findings, or SYNA_MMAP_ERR_CORRUPT (the structure of the file is
 * damaged: see syna_mmap_salvage), _CANCELLED (the callback returned false, or syna_mmap_interrupt),
 * _INVALID_ARGUMENT, _INVALID_HANDLE, _IO, _NO_MEMORY, _POISONED.
 * On failure: *out_findings is not written; what was reported to the callback is true. The store is
 * unchanged in any case.
 * Threads: any; searches and writes run meanwhile. It waits for a batch of an index build in progress, and
 * index builds wait while it reads the index. Cost: reads the whole file (without progress reports), and
 * makes one search for each indexed row.
 */
syna_mmap_status syna_mmap_verify(const syna_mmap *store,
                                  syna_mmap_verify_callback callback,
                                  void *context,
                                  uint64_t *out_findings,
                                  syna_mmap_error *error);

/**
 * Measures the recall of searches through the index, on the store's own data.
 *
 * It searches for `samples` stored vectors through the index and exactly, each vector excluded from its own
 * hits. The recall is the share of the index's hits that are as near as the exact ones. The vectors of a
 * store resemble each other, so queries from another source may have a lower recall. Rows that are written
 * meanwhile may lower the result.
 *
 * store       a handle.
 * samples     how many vectors; all of them if there are fewer. Not 0.
 * k           hits of each search. Not 0.
 * ef          candidates, as in syna_mmap_search_options. 0: the store's.
 * seed        selects the vectors. The same seed selects the same vectors as long as no rows are written or
 *             deleted.
 * out_recall  BORROWED for the call: 0 to 1. 1 if there is nothing to compare, as without an index.
 * error       BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _INVALID_HANDLE, _LIMIT (k or ef), _NO_MEMORY,
 * _CANCELLED (syna_mmap_interrupt), _POISONED.
 * On failure: *out_recall is not written.
 * Threads: any; the store's `threads` share the work. Cost: one pass over all vectors for every 64 samples,
 * or for fewer samples if the vectors are long.
 */
syna_mmap_status syna_mmap_check_recall(const syna_mmap *store,
                                        size_t samples,
                                        size_t k,
                                        uint32_t ef,
                                        uint64_t seed,
                                        double *out_recall,
                                        syna_mmap_error *error);

/**
 * Writes the intact rows of the damaged file `from`, with tags and payloads, into the new file `to`. `from`
 * is only read and stays unchanged.
 *
 * A row is intact if its vector matches its checksum and the record of its write is intact. If the record
 * of a deletion or replacement is damaged, the row that it removed is back. Rows are renumbered in the old
 * order.
 * The new file has no index. After it is opened for writing, writes build one from index_threshold vectors
 * on, or syna_mmap_build_index builds it.
 *
 * from      COPIED. A path as for syna_mmap_open. No handle is needed. The file should not be open for
 *           writing.
 * to        COPIED. The path of a file that does not exist.
 * out_rows  BORROWED for the call: how many vectors are in the new file. May be NULL.
 * out_lost  BORROWED for the call: how many other vectors the old file is known to have had at its last
 *           checkpoint. May be NULL.
 * error     BORROWED for the call. May be NULL.
 *
 * Returns: SYNA_MMAP_OK, also if vectors were lost, or SYNA_MMAP_ERR_INVALID_ARGUMENT, _NOT_FOUND (`from`),
 * _CORRUPT (too damaged, or not a store), _UNSUPPORTED_VERSION, _LEGACY_FORMAT, _IO (also if `to` exists),
 * _NO_SPACE, _NO_MEMORY, _LOCKED, _POISONED.
 * On failure: *out_rows and *out_lost are not written. A file `to` that existed is unchanged. A new file
 * `to` is removed; if that fails, remove it before you try again.
 * Threads: any. Cost: reads the old file and writes the new one, with a checkpoint.
 */
syna_mmap_status syna_mmap_salvage(const char *from,
                                   const char *to,
                                   uint64_t *out_rows,
                                   uint64_t *out_lost,
                                   syna_mmap_error *error);

/* ---- Logging ------------------------------------------------------------------------------------------------- */

/** Users of the program must know this: a sync failed, or a call ended in a bug of the library. */
#define SYNA_MMAP_LOG_ERROR 1U

/**
 * Something unexpected was found or not done: an index that does not match, the remains of a killed
 * compaction.
 */
#define SYNA_MMAP_LOG_WARNING 2U

/** Rare work: recovered batches, an index build, a compaction. */
#define SYNA_MMAP_LOG_INFO 3U

/** Frequent work: checkpoints, indexed rows. */
#define SYNA_MMAP_LOG_DEBUG 4U

/**
 * Receives a log message: one line of English text, for people. A control character of a path is shown as
 * U+FFFD.
 *
 * context   BORROWED for the callback: the pointer that was passed with the callback, unchanged.
 * level     SYNA_MMAP_LOG_*.
 * text      BORROWED for the callback: UTF-8, NUL-terminated.
 * text_len  bytes of the text, without the NUL.
 *
 * It must not call this library: functions with a status return SYNA_MMAP_ERR_INVALID_ARGUMENT, the others
 * 0, false or NULL. It must return normally: an exception or a longjmp that leaves it is undefined
 * behaviour.
 * Threads: any thread that does the logged work, several at the same time. Cost: yours; the logging call
 * waits for it.
 */
typedef void (*syna_mmap_log_callback)(void *context, uint32_t level, const char *text, size_t text_len);

/**
 * Sets the log callback, for all stores of the process. By default there is none.
 *
 * most_level  SYNA_MMAP_LOG_*. Messages of this level and of lower numbers are logged.
 * callback    NULL: logging ends.
 * context     BORROWED until another callback is set: passed to the callback unchanged. May be NULL.
 * error       BORROWED for the call. May be NULL.
 *
 * When the call returns, the previous callback is not running and will not be called again.
 *
 * Returns: SYNA_MMAP_OK, or SYNA_MMAP_ERR_INVALID_ARGUMENT (an unknown level, or a Rust program has set its
 * own logger of the crate log).
 * On failure: nothing has changed.
 * Threads: any, also in a forked child. Cost: negligible; it waits for a callback that is running.
 */
syna_mmap_status syna_mmap_set_log(uint32_t most_level,
                                   syna_mmap_log_callback callback,
                                   void *context,
                                   syna_mmap_error *error);

/* ---- Versions ------------------------------------------------------------------------------------------------ */

/** The version of the library that this header belongs to: SYNA_MMAP_VERSION_MAJOR.MINOR.PATCH. */
#define SYNA_MMAP_VERSION_MAJOR 0

/** See SYNA_MMAP_VERSION_MAJOR. */
#define SYNA_MMAP_VERSION_MINOR 1

/** See SYNA_MMAP_VERSION_MAJOR. */
#define SYNA_MMAP_VERSION_PATCH 0

/**
 * The version of the interface that this header describes. It changes only if programs that were compiled
 * with an older header would break.
 */
#define SYNA_MMAP_ABI_VERSION 1U

/**
 * The version of the loaded library, such as "0.1.0". SYNA_MMAP_VERSION_* are those of this header.
 *
 * Returns: never NULL; BORROWED until the library is unloaded.
 * Threads: any. Cost: negligible.
 */
const char *syna_mmap_version(void);

/**
 * The interface version of the loaded library. A program should stop if it differs from the
 * SYNA_MMAP_ABI_VERSION that the program was compiled with.
 *
 * Threads: any. Cost: negligible.
 */
uint32_t syna_mmap_abi_version(void);

/**
 * The name of a status, such as "SYNA_MMAP_ERR_LOCKED"; for a number that is none: "(unknown status)".
 *
 * Returns: never NULL; BORROWED until the library is unloaded.
 * Threads: any. Cost: negligible.
 */
const char *syna_mmap_status_name(syna_mmap_status status);

#ifdef __cplusplus
}
#endif

#endif /* SYNA_MMAP_H */
