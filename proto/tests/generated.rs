//! Is `src/gen/` what the `.proto` files say? Compiles them in memory, in Rust alone, and compares.
//! With `UPDATE=1` in the environment it writes `src/gen/` instead.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_build::Module;
use prost_reflect::{FieldDescriptor, MessageDescriptor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// File name to content.
type Files = BTreeMap<String, Vec<u8>>;

/// Fields that the specification calls sensitive in words without marking them.
const SENSITIVE: &[&str] = &["csi.v1.VolumeCapability.MountVolume.mount_flags"];

#[test]
fn generated_code_is_up_to_date() -> Result<()> {
    // Asked when the test runs: one target folder may serve several checkouts.
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("run it with cargo")?);
    let wanted = generate(&package)?;
    let folder = package.join("src/gen");
    if env::var_os("UPDATE").is_some() {
        return write(&folder, &wanted);
    }
    let found = read(&folder)?;
    assert!(
        wanted.keys().eq(found.keys()),
        "src/gen holds {:?}, and should hold {:?}. {HINT}",
        found.keys(),
        wanted.keys(),
    );
    for (name, content) in &wanted {
        assert!(
            found.get(name) == Some(content),
            "src/gen/{name} differs from what the .proto files say. {HINT}"
        );
    }
    Ok(())
}

const HINT: &str = "To write it: UPDATE=1 cargo test -p mooring-proto --test generated";

/// All that belongs into `src/gen/`.
fn generate(protos: &Path) -> Result<Files> {
    let mut compiler = compile(protos)?;
    // The descriptors keep every option, and not the comments, which would be most of them.
    let descriptors = compiler.include_source_info(false).encode_file_descriptor_set();
    compiler.include_source_info(true);

    let messages = withholding(&compiler);
    let mut config = prost_build::Config::new();
    config
        // The same message gives the same bytes, and the same Debug output.
        .btree_map(["."])
        .enable_type_names()
        .skip_debug(messages.iter().map(|m| format!(".{}", m.full_name())))
        .service_generator(tonic_prost_build::configure().service_generator());
    let requests = compiler
        .file_descriptor_set()
        .file
        .into_iter()
        .map(|file| (Module::from_protobuf_package_name(file.package()), file))
        .collect();

    let mut files = Files::new();
    for (module, code) in config.generate(requests)? {
        let package = module.parts().collect::<Vec<_>>().join(".");
        let debug_impls = messages
            .iter()
            .filter(|m| m.package_name() == package)
            .map(debug_impl)
            .collect::<Result<String>>()?;
        let code = prettyplease::unparse(&syn::parse_file(&(code + &debug_impls))?);
        let header =
            format!("// Generated from package {package}: see ../lib.rs. Not to be edited.\n\n");
        files.insert(format!("{package}.rs"), (header + &code).into_bytes());
    }
    files.insert("descriptors.bin".into(), descriptors);
    Ok(files)
}

/// Every `.proto` file of the folder, with its imports.
fn compile(folder: &Path) -> Result<protox::Compiler> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "proto") {
            names.push(path);
        }
    }
    names.sort();
    let mut compiler = protox::Compiler::new([folder])?;
    compiler.include_imports(true).include_source_info(true).open_files(names)?;
    Ok(compiler)
}

/// The messages whose `Debug` must withhold something.
fn withholding(compiler: &protox::Compiler) -> Vec<MessageDescriptor> {
    let mut messages: Vec<_> = compiler
        .descriptor_pool()
        .all_messages()
        .filter(|message| message.fields().any(|field| is_secret(&field)))
        .collect();
    messages.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    messages
}

fn is_secret(field: &FieldDescriptor) -> bool {
    let pool = field.parent_pool();
    let marked = pool
        .get_extension_by_name("csi.v1.csi_secret")
        .is_some_and(|mark| field.options().get_extension(&mark).as_bool() == Some(true));
    marked || SENSITIVE.contains(&field.full_name())
}

/// `impl Debug` that shows every field but the secret ones.
fn debug_impl(message: &MessageDescriptor) -> Result<String> {
    let name = message.name().to_upper_camel_case();
    let mut fields = String::new();
    for field in message.fields() {
        if field.containing_oneof().is_some() {
            return Err(format!("{}: a oneof beside a secret", message.full_name()).into());
        }
        let ident = field.name().to_snake_case();
        let value = if is_secret(&field) {
            format!("crate::redacted::Redacted {{ empty: self.{ident}.is_empty() }}")
        } else {
            format!("self.{ident}")
        };
        write!(fields, ".field({:?}, &{value})", field.name())?;
    }
    Ok(format!(
        "impl ::core::fmt::Debug for {path} {{
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{
                f.debug_struct({name:?}){fields}.finish()
            }}
        }}",
        path = rust_path(message),
    ))
}

/// A message's path within its package's module.
fn rust_path(message: &MessageDescriptor) -> String {
    let mut path = message.name().to_upper_camel_case();
    let mut outer = message.parent_message();
    while let Some(parent) = outer {
        path = format!("{}::{path}", parent.name().to_snake_case());
        outer = parent.parent_message();
    }
    path
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, fs::read(path)?);
    }
    Ok(files)
}

/// Makes the folder hold exactly these files.
fn write(folder: &Path, files: &Files) -> Result<()> {
    fs::create_dir_all(folder)?;
    for stale in read(folder)?.keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(folder.join(stale))?;
    }
    for (name, content) in files {
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}
