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
