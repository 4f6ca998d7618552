/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The limit of the web server: a pre-forked libfcgi program, written as its manual shows it, that answers one fixed JSON text.
 * limit SOCKET PROCESSES ANSWER
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The body is read, as every program has to. */
static void drain(FCGX_Stream *in)
{
	char bytes[4096];

	while (FCGX_GetStr(bytes, sizeof bytes, in) > 0)
		;
}

static void serve(int listening, const char *answer)
{
	FCGX_Request request;

	FCGX_Init();
	FCGX_InitRequest(&request, listening, 0);
	while (FCGX_Accept_r(&request) == 0) {
		drain(request.in);
		FCGX_FPrintF(request.out,
		             "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"
		             "X-Content-Type-Options: nosniff\r\n\r\n",
		             (int)strlen(answer));
		FCGX_PutS(answer, request.out);
		FCGX_Finish_r(&request);
	}
}

int main(int argc, char **argv)
{
	int listening;

	if (argc != 4) {
		fputs("usage: limit SOCKET PROCESSES ANSWER\n", stderr);
		return 2;
	}
	listening = FCGX_OpenSocket(argv[1], 1024);
	for (int i = atoi(argv[2]); i > 0; i--) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(listening, argv[3]);
			return 1;
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
