/** Prints one JSON object a line for each name below its argument, in byte order of the paths. */
export const LIST_TREE_SCRIPT: string = String.raw`
import concurrent.futures, errno, hashlib, json, os, stat, sys

TYPES = {
    stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFCHR: "character-device",
    stat.S_IFBLK: "block-device", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
}
root = os.fsencode(sys.argv[1])

def text(value):
    return value.decode("latin-1")

def listed(path):
    found = [path]
    full = root + path
    for entry in os.scandir(full):
        name = path.rstrip(b"/") + b"/" + entry.name
        found += listed(name) if entry.is_dir(follow_symlinks=False) else [name]
    return found

def sha256(full):
    digest = hashlib.sha256()
    with open(full, "rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

def xattr_names(full):
    try:
        return sorted(os.listxattr(full, follow_symlinks=False))
    except OSError as error:
        # A squashfs image in which nothing has attributes.
        if error.errno != errno.ENOTSUP:
            raise
        return []

def described(path, info):
    full = root + path
    kind = TYPES[stat.S_IFMT(info.st_mode)]
    entry = {
        "path": text(path), "type": kind, "mode": stat.S_IMODE(info.st_mode), "uid": info.st_uid, "gid": info.st_gid,
        "mtime": str(info.st_mtime_ns),
        "xattrs": {
            text(os.fsencode(name)): os.getxattr(full, name, follow_symlinks=False).hex()
            for name in xattr_names(full)
        },
    }
    if kind in ("file", "symlink"):
        entry["size"] = info.st_size
    if kind.endswith("device"):
        entry["device"] = {"major": os.major(info.st_rdev), "minor": os.minor(info.st_rdev)}
    if kind == "symlink":
        entry["linkTarget"] = text(os.readlink(full))
    if kind != "directory":
        entry["linkGroup"] = text(group[info.st_dev, info.st_ino])
        entry["links"] = info.st_nlink
    return entry

paths = sorted(listed(b"/"))
infos = [os.lstat(root + path) for path in paths]
group = {}
for path, info in zip(paths, infos):
    group.setdefault((info.st_dev, info.st_ino), path)
# Hashing lets go of the interpreter's lock, so threads use all cores; each inode is read once.
files = [path for path, info in zip(paths, infos)
         if stat.S_ISREG(info.st_mode) and group[info.st_dev, info.st_ino] == path]
with concurrent.futures.ThreadPoolExecutor() as pool:
    hashes = dict(zip(files, pool.map(lambda path: sha256(root + path), files, chunksize=64)))
for path, info in zip(paths, infos):
    entry = described(path, info)
    if entry["type"] == "file":
        entry["sha256"] = hashes[group[info.st_dev, info.st_ino]]
    sys.stdout.write(json.dumps(entry) + "\n")
`;
