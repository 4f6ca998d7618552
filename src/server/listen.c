/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Sockets to listen on.
 */
#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address.h"
#include "base/config.h"
#include "base/log.h"

#define BACKLOG 1024

static char made_file[sizeof((struct sockaddr_un *)NULL)->sun_path];
static pid_t maker;

/* Whether descriptor 0 is a listening socket (FastCGI specification, 2.2). */
static bool is_inherited(void)
{
	int listening = 0;
	socklen_t length = sizeof listening;

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

bool listen_counted(void)
{
	struct sockaddr_un address = { 0 };
	socklen_t length = sizeof address - 1;
	const char *name;
	char *end;

	if (!is_inherited() || getsockname(STDIN_FILENO, (struct sockaddr *)&address, &length) != 0 || address.sun_family != AF_UNIX)
		return false;
	name = strrchr(address.sun_path, '/');
	if (name == NULL || strtol(name + 1, &end, 10) != getppid() || *end != '.')
		return false;
	return end[1] != '\0' && strspn(end + 1, "0123456789") == strlen(end + 1);
}

/* Moves the socket away from descriptor 0, which then is what a daemon's standard input should be. */
static int take_inherited(void)
{
	int listening = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (listening < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0) {
		log_errno("descriptor 0");
		return -1;
	}
	close(null);
	return listening;
}

static int fail(int descriptor, const char *what)
{
	log_errno("listen on %s", what);
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

/* Whether somebody listens there; one whose queue is full (EAGAIN) does. */
static bool is_live(const struct sockaddr_un *address)
{
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool live;

	if (descriptor < 0)
		return true;
	live = connect(descriptor, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
	close(descriptor);
	return live;
}

/* Makes room for the socket file: a socket that nobody listens on any more is removed, anything else stays. */
static bool path_free(const struct sockaddr_un *address)
{
	struct stat status;

	if (lstat(address->sun_path, &status) != 0)
		return errno == ENOENT;
	if (S_ISSOCK(status.st_mode) && !is_live(address))
		return unlink(address->sun_path) == 0;
	errno = EADDRINUSE;
	return false;
}

struct owner {
	uid_t uid; /* (uid_t)-1: whoever makes the file; the same for gid */
	gid_t gid;
};

/* Whose the file is to be: the service's user's, if there is one to become, and the web server's group's. */
static bool find_owner(const struct config *config, struct owner *owner)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(config->user) : NULL;
	const struct group *group = getgrnam(config->listen_group);

	owner->uid = user == NULL ? (uid_t)-1 : user->pw_uid;
	owner->gid = group == NULL ? (gid_t)-1 : group->gr_gid;
	if (group != NULL || config->listen_group[0] == '\0')
		return true;
	log_message(LOG_ERR, "there is no group %s", config->listen_group);
	return false;
}

/* The file never has a wider mode than it is to have, nor the group's rights before its group. */
static bool bind_path(int descriptor, const struct sockaddr_un *address, const struct owner *owner, mode_t mode)
{
	mode_t mask = umask(0777);
	int result = bind(descriptor, (const struct sockaddr *)address, sizeof *address);

	umask(mask);
	if (result != 0)
		return false;
	strcpy(made_file, address->sun_path);
	maker = getpid();
	return chown(made_file, owner->uid, owner->gid) == 0 && chmod(made_file, mode) == 0;
}

/* Of two that start at once, one must not take the other's socket for a stale one between its bind and its listen. Where the directory can
 * not be read there is no lock. */
static int lock_directory(const struct sockaddr_un *address)
{
	char path[sizeof address->sun_path];
	int descriptor;

	strcpy(path, address->sun_path);
	descriptor = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor >= 0)
		flock(descriptor, LOCK_EX);
	return descriptor;
}

static int make_socket(const struct sockaddr_un *address, const struct owner *owner, mode_t mode)
{
	int descriptor = -1;

	if (path_free(address))
		descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 || !bind_path(descriptor, address, owner, mode) || listen(descriptor, BACKLOG) != 0)
		return fail(descriptor, address->sun_path);
	return descriptor;
}

static int listen_on_path(const struct config *config)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct owner owner;
	int lock, descriptor;

	if (strlen(config->listen) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return fail(-1, config->listen);
	}
	strcpy(address.sun_path, config->listen);
	if (!find_owner(config, &owner))
		return -1;
	lock = lock_directory(&address);
	descriptor = make_socket(&address, &owner, (mode_t)config->listen_mode);
	if (lock >= 0)
		close(lock);
	return descriptor;
}

/* ADDRESS:PORT, an IPv6 address in brackets -> its two parts; false if it is not. getaddrinfo(3) would take any number for a port. */
static bool split_address(const char *text, char *host, const char **port, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon == NULL ? 0 : (size_t)(colon - text);

	if (length >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		length -= 2;
	} else if (memchr(text, ':', length) != NULL) {
		return false;
	}
	if (length == 0 || length >= size || address_port(colon + 1, strlen(colon + 1)) == 0)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	*port = colon + 1;
	return true;
}

static int listen_on_address(const char *text)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	char host[108];
	const char *port;
	struct addrinfo *address;
	int descriptor, on = 1;

	errno = EINVAL;
	if (!split_address(text, host, &port, sizeof host) || getaddrinfo(host, port, &hints, &address) != 0)
		return fail(-1, text);
	descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(descriptor, address->ai_addr, address->ai_addrlen) != 0 || listen(descriptor, BACKLOG) != 0)
		descriptor = fail(descriptor, text);
	freeaddrinfo(address);
	return descriptor;
}

int listen_open(const struct config *config)
{
	if (is_inherited())
		return take_inherited();
	return config->listen[0] == '/' ? listen_on_path(config) : listen_on_address(config->listen);
}

void listen_close(void)
{
	if (made_file[0] != '\0' && maker == getpid())
		unlink(made_file);
}
