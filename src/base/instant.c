/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * ISO 8601 over timegm(3) and gmtime_r(3); strptime(3) would follow the locale and knows no fractions.
 */
#include "base/instant.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define EARLIEST (-30610224000000) /* 1000-01-01T00:00:00.000Z */
#define LATEST 253402300799999     /* 9999-12-31T23:59:59.999Z */

struct reader {
	const char *at;
	const char *end;
};

bool instant_valid(int64_t milliseconds)
{
	return milliseconds >= EARLIEST && milliseconds <= LATEST;
}

bool instant_write(int64_t milliseconds, char out[INSTANT_SIZE])
{
	time_t seconds;
	int fraction;
	struct tm tm;

	out[0] = '\0';
	if (!instant_valid(milliseconds))
		return false;
	fraction = (int)(milliseconds % 1000 + 1000) % 1000;
	seconds = (time_t)((milliseconds - fraction) / 1000);
	gmtime_r(&seconds, &tm);
	strftime(out, INSTANT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + strlen(out), sizeof ".123Z", ".%03dZ", fraction);
	return true;
}

static bool take(struct reader *reader, char character)
{
	if (reader->at == reader->end || *reader->at != character)
		return false;
	reader->at++;
	return true;
}

static bool take_digit(struct reader *reader, int *digit)
{
	if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9')
		return false;
	*digit = *reader->at++ - '0';
	return true;
}

static bool take_number(struct reader *reader, int digits, int least, int most, int *number)
{
	int digit;

	*number = 0;
	for (int i = 0; i < digits; i++) {
		if (!take_digit(reader, &digit))
			return false;
		*number = *number * 10 + digit;
	}
	return *number >= least && *number <= most;
}

static bool take_date(struct reader *reader, struct tm *tm)
{
	if (!take_number(reader, 4, 1000, 9999, &tm->tm_year) || !take(reader, '-') || !take_number(reader, 2, 1, 12, &tm->tm_mon) ||
	    !take(reader, '-') || !take_number(reader, 2, 1, 31, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

static bool take_time(struct reader *reader, struct tm *tm)
{
	return take_number(reader, 2, 0, 23, &tm->tm_hour) && take(reader, ':') && take_number(reader, 2, 0, 59, &tm->tm_min) &&
	       take(reader, ':') && take_number(reader, 2, 0, 59, &tm->tm_sec);
}

static bool take_fraction(struct reader *reader, int *milliseconds)
{
	int weight = 100, digit;

	*milliseconds = 0;
	if (!take(reader, '.'))
		return true;
	if (!take_digit(reader, &digit))
		return false;
	do {
		*milliseconds += digit * weight;
		weight /= 10;
	} while (take_digit(reader, &digit));
	return true;
}

static bool take_zone(struct reader *reader, int *minutes)
{
	int sign = 1, hour, minute;

	*minutes = 0;
	if (take(reader, 'Z'))
		return true;
	if (take(reader, '-'))
		sign = -1;
	else if (!take(reader, '+'))
		return false;
	if (!take_number(reader, 2, 0, 23, &hour))
		return false;
	take(reader, ':');
	if (!take_number(reader, 2, 0, 59, &minute))
		return false;
	*minutes = sign * (hour * 60 + minute);
	return true;
}

bool instant_read(const char *text, size_t length, int64_t *milliseconds)
{
	struct reader reader = { text, text + length };
	struct tm tm = { 0 };
	int day, fraction, zone;
	int64_t seconds;

	if (!take_date(&reader, &tm) || !take(&reader, 'T') || !take_time(&reader, &tm) || !take_fraction(&reader, &fraction) ||
	    !take_zone(&reader, &zone) || reader.at != reader.end)
		return false;
	day = tm.tm_mday;
	seconds = timegm(&tm) - zone * 60;
	*milliseconds = seconds * 1000 + fraction;
	return tm.tm_mday == day && instant_valid(*milliseconds); /* timegm makes March of the 30th of February */
}
