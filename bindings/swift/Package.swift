// swift-tools-version:5.7
import PackageDescription

let package = Package(
    name: "SynaMmap",
    products: [.library(name: "SynaMmap", targets: ["SynaMmap"])],
    targets: [
        // The installed library: header and link flags come from pkg-config.
        .systemLibrary(name: "CSynaMmap", pkgConfig: "syna_mmap"),
        .target(name: "SynaMmap", dependencies: ["CSynaMmap"]),
        .testTarget(name: "SynaMmapTests", dependencies: ["SynaMmap", "CSynaMmap"]),
    ]
)
