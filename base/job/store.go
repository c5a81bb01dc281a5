package job

const (
	insertTask = `insert into job_task (id, kind, key, due_at, real, payload) values ($1, $2, $3, $4, $5, $6)
		on conflict (kind, key) do nothing`
	selectDue = `select id, kind, key, due_at, real, payload, attempts from job_task
		where real = $1 and due_at <= $2 and not_before <= $3 order by due_at, id limit $4`
	reclaimTasks = `update job_task set not_before = 0 where attempts = 0 and not_before > $1`
	leaseTask    = `update job_task set not_before = $2 where id = $1`
	deleteTask   = `delete from job_task where id = $1`
	failTask     = `update job_task set attempts = attempts + 1, not_before = $2, last_error = $3 where id = $1`
	selectOpen   = `select id, kind, due_at, attempts, coalesce(last_error, '') from job_task order by attempts desc, due_at, id limit $1`
	countTasks   = `select count(*), count(case when attempts > 0 then 1 end) from job_task`
)
