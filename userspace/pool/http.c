// SPDX-License-Identifier: GPL-2.0
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http.h"

#define CONNECT_MS	3000L
#define LOOK_MS		1000	/* between two looks at is_ended(), if nobody wakes us */

/**
 * struct kvp_http - see above
 * @how: constant
 * @multi: waits, and keeps connections
 * @easy: the request
 * @post: the one under way
 * @text: KVP_HTTP_MOST bytes
 * @len: of @text
 * @enough: its line() has returned false
 * @why: of curl
 */
struct kvp_http {
	struct kvp_http_how how;
	CURLM *multi;
	CURL *easy;
	struct kvp_http_post *post;
	char *text;
	size_t len;
	bool enough;
	char why[CURL_ERROR_SIZE];
};

struct kvp_http *kvp_http_create(const struct kvp_http_how *how)
{
	struct kvp_http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return NULL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->how = *how;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	h->text = malloc(KVP_HTTP_MOST);
	if (h->multi && h->easy && h->text)
		return h;
	kvp_http_destroy(h);
	return NULL;
}

void kvp_http_destroy(struct kvp_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	free(h->text);
	free(h);
}

/* ------------------------------------------------------------------------- answers */

/* Lines that are whole go; false: enough of them. */
static bool take_lines(struct kvp_http *h)
{
	char *from = h->text, *end;
	size_t left = h->len;

	while (!h->enough && (end = memchr(from, '\n', left))) {
		h->enough = !h->post->line(h->post->user, from, end - from);
		left -= end + 1 - from;
		from = end + 1;
	}
	memmove(h->text, from, left);
	h->len = left;
	return !h->enough;
}

static size_t take(char *data, size_t size, size_t nr, void *user)
{
	struct kvp_http *h = user;
	long status = 0;

	(void)size;	/* 1 */
	if (nr > KVP_HTTP_MOST - h->len)
		return 0;
	memcpy(h->text + h->len, data, nr);
	h->len += nr;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!h->post->line || status != 200)
		return nr;
	return take_lines(h) ? nr : 0;
}

/* ------------------------------------------------------------------------ requests */

static void set_up(struct kvp_http *h, struct curl_slist *head)
{
	CURL *e = h->easy;

	curl_easy_reset(e);
	*h->why = '\0';
	curl_easy_setopt(e, CURLOPT_URL, h->post->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);	/* name lookups may last */
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, h->post->body);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)h->post->ms);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->why);
	if (*h->how.ca)
		curl_easy_setopt(e, CURLOPT_CAINFO, h->how.ca);
	if (*h->how.cert)
		curl_easy_setopt(e, CURLOPT_SSLCERT, h->how.cert);
	if (*h->how.key)
		curl_easy_setopt(e, CURLOPT_SSLKEY, h->how.key);
}

/* Returns CURLE_OK also if it is given up. */
static CURLcode perform(struct kvp_http *h)
{
	CURLMcode rc = CURLM_OK;
	int running = 1, left;
	CURLMsg *message;

	while (!rc && running && !h->how.is_ended(h->how.user)) {
		rc = curl_multi_perform(h->multi, &running);
		if (!rc && running)
			rc = curl_multi_poll(h->multi, NULL, 0, LOOK_MS, NULL);
	}
	if (rc)
		return CURLE_OUT_OF_MEMORY;
	message = curl_multi_info_read(h->multi, &left);
	return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_OK;
}

static const char *judge(const struct kvp_http *h, CURLcode rc)
{
	if (h->how.is_ended(h->how.user))
		return "it was given up";
	if (rc == CURLE_OK && h->post->line && h->post->status == 200)
		return "the stream has ended";
	if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && h->enough))
		return NULL;
	if (rc == CURLE_WRITE_ERROR)
		return "the answer is too long";
	if (rc == CURLE_OPERATION_TIMEDOUT && h->post->line && h->post->status == 200)
		return NULL;
	return *h->why ? h->why : curl_easy_strerror(rc);
}

static struct curl_slist *make_head(const struct kvp_http_post *post)
{
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json");
	char line[1024];

	if (!*post->token)
		return head;
	snprintf(line, sizeof(line), "Authorization: %s", post->token);
	return curl_slist_append(head, line);
}

const char *kvp_http_post(struct kvp_http *h, struct kvp_http_post *post)
{
	struct curl_slist *head = make_head(post);
	CURLcode rc;

	h->post = post;
	h->len = 0;
	h->enough = false;
	set_up(h, head);
	curl_multi_add_handle(h->multi, h->easy);
	rc = perform(h);
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &post->status);
	curl_multi_remove_handle(h->multi, h->easy);
	curl_slist_free_all(head);
	post->text = h->text;
	post->len = h->len;
	return judge(h, rc);
}

/* -------------------------------------------------------------------------- waiting */

void kvp_http_sleep(struct kvp_http *h, unsigned int ms)
{
	uint64_t now = kvp_now() / KVP_MS, end = now + ms;

	for (; now < end && !h->how.is_ended(h->how.user); now = kvp_now() / KVP_MS)
		curl_multi_poll(h->multi, NULL, 0,
				end - now < LOOK_MS ? (int)(end - now) : LOOK_MS, NULL);
}

void kvp_http_wake(struct kvp_http *h)
{
	curl_multi_wakeup(h->multi);
}
