<?php
// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The livechat-sla authors
//
// What a site would write instead: the same endpoints with the same checks and answers, as a careful developer writes them.
// A persistent connection, prepared statements, one statement for token and permission, JSON by PHP's own functions.

declare(strict_types=1);

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

const COLUMNS = 'id, name, description, due_time_in_minutes, updated_at';

function answer(int $status, array $body): never
{
	http_response_code($status);
	header('Content-Type: application/json');
	header('Cache-Control: no-store');
	header('X-Content-Type-Options: nosniff');
	$text = json_encode($body, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
	header('Content-Length: ' . strlen($text));
	echo $text;
	exit;
}

function refuse(string $text): never
{
	answer(400, ['success' => false, 'error' => "$text [invalid-params]", 'errorType' => 'invalid-params']);
}

function database(): mysqli
{
	return new mysqli('p:localhost', getenv('SLA_DB_USER'), getenv('SLA_DB_PASSWORD'), getenv('SLA_DB_NAME'), 0, getenv('SLA_DB_SOCKET'));
}

function authorize(mysqli $database, array $permissions): string
{
	$user = $_SERVER['HTTP_X_USER_ID'] ?? '';
	$token = $_SERVER['HTTP_X_AUTH_TOKEN'] ?? '';
	$places = implode(',', array_fill(0, count($permissions), '?'));
	if ($user !== '' && $token !== '') {
		$statement = $database->prepare(
			"SELECT u.id, MAX(rp.permission_id IN ($places)), MAX(rp.permission_id = 'api-bypass-rate-limit'),
			 (t.last_used_at IS NULL OR t.last_used_at < UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE) AND @@read_only IN ('0', 'OFF')
			 FROM tokens t JOIN users u ON u.id = t.user_id
			 LEFT JOIN user_roles ur ON ur.user_id = u.id LEFT JOIN role_permissions rp ON rp.role_id = ur.role_id
			 WHERE t.digest = ? AND t.user_id = ? AND u.active = 1 AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(3))
			 GROUP BY t.digest");
		$statement->execute([...$permissions, base64_encode(hash('sha256', $token, true)), $user]);
		$row = $statement->get_result()->fetch_row();
	}
	if (empty($row))
		answer(401, ['status' => 'error', 'message' => 'You must be logged in to do this.']);
	if (!$row[1])
		answer(403, ['success' => false, 'error' => 'error-not-authorized']);
	return $row[0];
}

function policy(array $row): array
{
	return ['_id' => $row['id'], 'name' => $row['name'], 'description' => $row['description'],
		'dueTimeInMinutes' => (int)$row['due_time_in_minutes'], '_updatedAt' => str_replace(' ', 'T', $row['updated_at']) . 'Z'];
}

function body(): array
{
	$body = json_decode(file_get_contents('php://input'), false, 17);
	if (json_last_error() !== JSON_ERROR_NONE)
		refuse('must be valid JSON');
	if (!is_object($body))
		refuse('must be object');
	$body = (array)$body;
	foreach (['name', 'description', 'dueTimeInMinutes'] as $key)
		if (!array_key_exists($key, $body))
			refuse("must have required property '$key'");
	if (count($body) > 3)
		refuse('must NOT have additional properties');
	foreach (['name' => [1, 255], 'description' => [0, 4000]] as $key => [$least, $most]) {
		if (!is_string($body[$key]))
			refuse('must be string');
		$length = iconv_strlen($body[$key], 'UTF-8');
		if ($length < $least)
			refuse("must NOT have fewer than $least characters");
		if ($length > $most)
			refuse("must NOT have more than $most characters");
		if (str_contains($body[$key], "\0"))
			refuse('must match pattern "^[^\\u0000]*$"');
	}
	if (!is_int($body['dueTimeInMinutes']))
		refuse('must be integer');
	if ($body['dueTimeInMinutes'] < 1)
		refuse('must be >= 1');
	if ($body['dueTimeInMinutes'] > 2147483647)
		refuse('must be <= 2147483647');
	return $body;
}

function create(mysqli $database): never
{
	$user = authorize($database, ['manage-livechat-sla']);
	$body = body();
	$id = bin2hex(pack('N', time()) . random_bytes(8));
	$statement = $database->prepare('INSERT INTO sla_policies (id, name, description, due_time_in_minutes, created_at, created_by, updated_at,
		updated_by) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3), ?, UTC_TIMESTAMP(3), ?)');
	try {
		$statement->execute([$id, $body['name'], $body['description'], $body['dueTimeInMinutes'], $user, $user]);
	} catch (mysqli_sql_exception $error) {
		if ($error->getCode() === 1062)
			answer(400, ['success' => false, 'error' => 'error-duplicated-sla']);
		throw $error;
	}
	answer(200, ['sla' => ['name' => $body['name'], 'description' => $body['description'], 'dueTimeInMinutes' => $body['dueTimeInMinutes'],
		'_id' => $id], 'success' => true]);
}

function list_all(mysqli $database): never
{
	authorize($database, ['manage-livechat-sla', 'view-l-room']);
	$count = min((int)($_GET['count'] ?? 50) ?: 50, 100);
	$offset = (int)($_GET['offset'] ?? 0);
	$statement = $database->prepare('SELECT ' . COLUMNS . ' FROM sla_policies ORDER BY name LIMIT ? OFFSET ?');
	$statement->execute([$count, $offset]);
	$policies = array_map('policy', $statement->get_result()->fetch_all(MYSQLI_ASSOC));
	$total = (int)$database->query('SELECT COUNT(*) FROM sla_policies')->fetch_row()[0];
	answer(200, ['sla' => $policies, 'count' => count($policies), 'offset' => $offset, 'total' => $total, 'success' => true]);
}

function read_one(mysqli $database, string $id): never
{
	authorize($database, ['manage-livechat-sla', 'view-l-room']);
	$statement = $database->prepare('SELECT ' . COLUMNS . ' FROM sla_policies WHERE id = ?');
	$statement->execute([$id]);
	$row = $statement->get_result()->fetch_assoc();
	if (!$row)
		answer(404, ['success' => false, 'error' => "SLA with id $id not found"]);
	answer(200, [...policy($row), 'success' => true]);
}

$path = substr(strtok($_SERVER['REQUEST_URI'], '?'), strlen('/php/v1/'));
$id = substr($path, strlen('livechat/sla/'));
match (true) {
	$path === 'livechat/sla' && $_SERVER['REQUEST_METHOD'] === 'POST' => create(database()),
	$path === 'livechat/sla' && $_SERVER['REQUEST_METHOD'] === 'GET' => list_all(database()),
	str_starts_with($path, 'livechat/sla/') && $_SERVER['REQUEST_METHOD'] === 'GET' => read_one(database(), $id),
	default => answer(404, ['status' => 'error', 'message' => 'API endpoint does not exist']),
};
