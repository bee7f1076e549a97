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
