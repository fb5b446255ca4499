-- Room on the page for every second version.
--
-- A batch of executions ends in one transaction, and most of them stand side by side. With a page 70 % full, not half of
-- their second versions found room beside the first, and the others needed new index entries. Counts for pages written
-- from now on; takes a lock that neither readers nor writers notice.

alter table executions set (fillfactor = 45);
