/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Sockets to listen on.
 */
#include "server/listen.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"

#define BACKLOG 1024

static char made_file[sizeof((struct sockaddr_un *)NULL)->sun_path];
static pid_t maker;

bool listen_inherited(void)
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

	if (getsockname(STDIN_FILENO, (struct sockaddr *)&address, &length) != 0 || address.sun_family != AF_UNIX)
		return false;
	name = strrchr(address.sun_path, '/');
	if (name == NULL || strtol(name + 1, &end, 10) != getppid() || *end != '.')
		return false;
	return end[1] != '\0' && strspn(end + 1, "0123456789") == strlen(end + 1);
}

static int fail(int descriptor, const char *what)
{
	log_errno("listen on %s", what);
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

/* Whether somebody listens there. */
static bool is_live(const struct sockaddr_un *address)
{
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

/* The user's id that the file is to have: the service's, if there is one to become. */
static bool find_owner(const char *name, uid_t *owner)
{
	const struct passwd *entry;

	if (name[0] == '\0' || geteuid() != 0)
		return true;
	errno = EINVAL;
	entry = getpwnam(name);
	if (entry == NULL)
		return false;
	*owner = entry->pw_uid;
	return true;
}

static bool find_group(const char *name, gid_t *group)
{
	const struct group *entry;

	if (name[0] == '\0')
		return true;
	errno = EINVAL;
	entry = getgrnam(name);
	if (entry == NULL)
		return false;
	*group = entry->gr_gid;
	return true;
}

static bool give_away(const char *path, const struct config *config)
{
	uid_t owner = (uid_t)-1;
	gid_t group = (gid_t)-1;

	return find_owner(config->user, &owner) && find_group(config->listen_group, &group) && chown(path, owner, group) == 0;
}

/* The file never has a wider mode than it is to have, nor the group's rights before its group. */
static bool bind_path(int descriptor, const struct sockaddr_un *address, const struct config *config)
{
	mode_t mask = umask(0777);
	int result = bind(descriptor, (const struct sockaddr *)address, sizeof *address);

	umask(mask);
	if (result != 0)
		return false;
	strcpy(made_file, address->sun_path);
	maker = getpid();
	return give_away(address->sun_path, config) && chmod(address->sun_path, (mode_t)config->listen_mode) == 0;
}

static int listen_on_path(const struct config *config)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = -1;

	if (strlen(config->listen) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return fail(descriptor, config->listen);
	}
	strcpy(address.sun_path, config->listen);
	if (!path_free(&address))
		return fail(descriptor, config->listen);
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 || !bind_path(descriptor, &address, config) || listen(descriptor, BACKLOG) != 0)
		return fail(descriptor, config->listen);
	return descriptor;
}

/* ADDRESS:PORT or [ADDRESS]:PORT -> its two parts; false if it is neither. */
static bool split_address(const char *text, char *host, char *port, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon == NULL ? 0 : (size_t)(colon - text);

	if (length >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		length -= 2;
	}
	if (length == 0)
		return false;
	snprintf(host, size, "%.*s", (int)length, text);
	snprintf(port, size, "%s", colon + 1);
	return true;
}

static int listen_on_address(const char *text)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	char host[108], port[108];
	struct addrinfo *address;
	int descriptor, on = 1;

	errno = EINVAL;
	if (!split_address(text, host, port, sizeof host) || getaddrinfo(host, port, &hints, &address) != 0)
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
	return config->listen[0] == '/' ? listen_on_path(config) : listen_on_address(config->listen);
}

void listen_close(void)
{
	if (made_file[0] != '\0' && maker == getpid())
		unlink(made_file);
}
