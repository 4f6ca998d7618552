/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A hash table of fixed size in shared memory: buckets of eight counts under robust mutexes.
 */
#include "base/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define BUCKETS 8192 /* a power of two */
#define WAYS 8
#define LOCKS 64
#define SECRET_LENGTH 32

struct slot {
	struct counters_key key;
	int64_t start; /* monotonic ms; 0 = empty */
	int64_t events;
};

struct bucket {
	struct slot slots[WAYS];
};

/* The layout of the memory, and of the file: `magic` changes with it and is written last. */
struct counters {
	uint64_t magic;
	unsigned char secret[SECRET_LENGTH];
	pthread_mutex_t locks[LOCKS];
	struct bucket buckets[BUCKETS];
};

#define MAGIC (UINT64_C(0x6c732d636f756e31) ^ sizeof(struct counters))

static int make_locks(struct counters *counters)
{
	pthread_mutexattr_t attributes;
	int error = pthread_mutexattr_init(&attributes);

	if (error != 0)
		return error;
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (size_t i = 0; i < LOCKS && error == 0; i++)
		error = pthread_mutex_init(&counters->locks[i], &attributes);
	pthread_mutexattr_destroy(&attributes);
	return error;
}

/* Zeroed memory -> a table. */
static int initialize(struct counters *counters)
{
	int error;

	if (getrandom(counters->secret, sizeof counters->secret, 0) != sizeof counters->secret)
		return -1;
	error = make_locks(counters);
	if (error != 0) {
		errno = error;
		return -1;
	}
	counters->magic = MAGIC;
	return 0;
}

/* Maps `descriptor`, or anonymous memory if it is -1, and initializes it if nobody has yet. */
static struct counters *map(int descriptor)
{
	int flags = MAP_SHARED | (descriptor < 0 ? MAP_ANONYMOUS : 0);
	struct counters *counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, flags, descriptor, 0);

	if (counters == MAP_FAILED)
		return NULL;
	if (counters->magic == MAGIC || initialize(counters) == 0)
		return counters;
	counters_free(counters);
	return NULL;
}

struct counters *counters_new(void)
{
	return map(-1);
}

/* A file that is ours and nobody else's, as large as the table. */
static bool own_file(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return false;
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0) {
		errno = EPERM;
		return false;
	}
	if (status.st_size != 0 && status.st_size != sizeof(struct counters)) {
		errno = EINVAL;
		return false;
	}
	return ftruncate(descriptor, sizeof(struct counters)) == 0;
}

struct counters *counters_open(const char *file)
{
	struct counters *counters = NULL;
	int descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error;

	if (descriptor < 0)
		return NULL;
	/* Keeps two first users from initializing it at once. */
	if (flock(descriptor, LOCK_EX) == 0 && own_file(descriptor))
		counters = map(descriptor);
	error = errno;
	/* The mapping keeps the open file, and the lock with it, beyond close(2). */
	flock(descriptor, LOCK_UN);
	close(descriptor);
	errno = error;
	return counters;
}

void counters_free(struct counters *counters)
{
	if (counters != NULL)
		munmap(counters, sizeof *counters);
}

struct counters_key counters_key(const struct counters *counters, const char *kind, const void *subject, size_t length)
{
	struct counters_key key = { { 0 } };
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char message[512];
	size_t kind_length = strlen(kind) + 1;

	/* What is longer than the buffer, as what is sent instead of a name can be, is told apart by its head. */
	if (length > sizeof message - kind_length)
		length = sizeof message - kind_length;
	memcpy(message, kind, kind_length);
	memcpy(message + kind_length, subject, length);
	if (HMAC(EVP_sha256(), counters->secret, SECRET_LENGTH, message, kind_length + length, digest, NULL) != NULL)
		memcpy(key.bytes, digest, sizeof key.bytes);
	return key;
}

/* A holder that was killed left nothing that the next writer could not use: each field is one word. */
static bool lock(pthread_mutex_t *mutex)
{
	int error = pthread_mutex_lock(mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(mutex);
	return error == 0;
}

/* A start in the future is of a time before the machine's last boot. */
static bool runs(const struct slot *slot, int64_t now, int64_t window_ms)
{
	return slot->start != 0 && slot->start <= now && now - slot->start < window_ms;
}

static struct slot *find_slot(struct bucket *bucket, const struct counters_key *key)
{
	for (size_t i = 0; i < WAYS; i++)
		if (memcmp(&bucket->slots[i].key, key, sizeof *key) == 0)
			return &bucket->slots[i];
	return NULL;
}

static struct slot *oldest_slot(struct bucket *bucket)
{
	struct slot *oldest = &bucket->slots[0];

	for (size_t i = 1; i < WAYS; i++)
		if (bucket->slots[i].start < oldest->start)
			oldest = &bucket->slots[i];
	return oldest;
}

static struct count count_of(const struct slot *slot, int64_t now, int64_t window_ms)
{
	if (slot == NULL || !runs(slot, now, window_ms))
		return (struct count){ 0, 0 };
	return (struct count){ slot->events, slot->start + window_ms - now };
}

/* The count of a key, in the slot it has or, if it is to be counted, the one it gets. */
static struct count visit(struct bucket *bucket, const struct counters_key *key, int64_t window_ms, bool counting)
{
	int64_t now = clock_monotonic_ms();
	struct slot *slot = find_slot(bucket, key);

	if (!counting)
		return count_of(slot, now, window_ms);
	if (slot == NULL) {
		slot = oldest_slot(bucket);
		*slot = (struct slot){ .key = *key };
	}
	if (!runs(slot, now, window_ms)) {
		slot->events = 0;
		slot->start = now;
	}
	slot->events++;
	return count_of(slot, now, window_ms);
}

static struct count locked_visit(struct counters *counters, const struct counters_key *key, int64_t window_ms, bool counting)
{
	struct count count = { 0, 0 };
	uint32_t hash;
	pthread_mutex_t *mutex;

	memcpy(&hash, key->bytes, sizeof hash);
	mutex = &counters->locks[hash % LOCKS];
	if (!lock(mutex))
		return count;
	count = visit(&counters->buckets[hash % BUCKETS], key, window_ms, counting);
	pthread_mutex_unlock(mutex);
	return count;
}

struct count counters_add(struct counters *counters, const struct counters_key *key, int64_t window_ms)
{
	return locked_visit(counters, key, window_ms, true);
}

struct count counters_peek(struct counters *counters, const struct counters_key *key, int64_t window_ms)
{
	return locked_visit(counters, key, window_ms, false);
}
